# SPDX-License-Identifier: Apache-2.0
"""Write short two-person dialogues with summaries from a seeded grammar.

Every sentence comes from the tables in this file. A scenario is a list of
opening turns and several branches; each branch goes on differently and has its
own summary. Slots are drawn from pools, alternatives stand in [a|b|c], turns
marked "?" are optional, and small talk that no summary mentions is mixed in.

Pairs (first speaker, first thing named) are divided by a hash: one pair in
eight is held out. Training dialogues never hold such a pair; test and
calibration dialogues always do. A list of names is held out altogether.
"""

import argparse
import hashlib
import json
import pathlib
import random
import re

FEMALE = ("Anna Emma Lucy Clara Maya Nina Olga Rosa Sara Tina Julia Kate Lena Mary Nora Paula Ruth "
          "Zoe Alice Bella Carla Diana Ella Grace Helen Irene Jane Laura Monica Sophie Amy Eva Ivy "
          "Linda Molly").split()
MALE = ("Adam Ben Carl Dan Eric Frank George Henry Ian Jack Kevin Leo Mark Nick Oscar Paul Ryan Sam "
        "Tom Victor Will Alex Bruno David Felix Greg Hugo Ivan Jonas Luke Max Peter Robert Simon "
        "Tony").split()
HELD_OUT_FEMALE = "Martha Selena Dorina Amelia Joanna Ramona Vanessa Tamara".split()
HELD_OUT_MALE = "Marvin Roland Damian Elliot Julian Tobias Norman Wilson".split()
SYLLABLES = ("ma ri lo ta ve na do ka se mi ra li bo ti no va de la mo ni su re da lu ne sa vi ro to "
             "be").split()

POOLS = {
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "time": ("5 6 7 8 9 noon 3:30 4:30 5:30 6:30 7:30 8:30 2:15 4:15 6:15 7:45 3:45 10 11 "
             "10:30 9:15").split(),
    "cur": "euros dollars pounds".split(),
    "num": "two three four five six seven eight ten twelve".split(),
    "price": "10 15 20 25 30 35 40 45 50 60 70 80 90 120".split(),
    "color": "red blue green yellow black white grey pink".split(),
    "item": ("umbrella|wallet|scarf|charger|passport|notebook|camera|jacket|laptop|watch|ring|"
             "backpack|hat|phone|guitar|tent|suitcase|tripod|bracelet|library card").split("|"),
    "tool": ("drill|ladder|hammer|bike|car|tent|blender|sewing machine|guitar|camera|projector|"
             "suitcase|sleeping bag|lawn mower|iron|speaker|trailer|wheelbarrow|raincoat|map").split("|"),
    "spot": ("under the sofa|in the kitchen|in the car|on the balcony|behind the door|in the garage|"
             "in the bathroom|on the shelf|under the bed|in the drawer|at the office|at the gym|"
             "in the garden|on the desk|at the library").split("|"),
    "place": ("cinema|museum|café|park|library|zoo|beach|gym|market|theatre|pool|harbour|station|"
              "ice rink|gallery|castle|lake|bowling alley").split("|"),
    "city": ("Paris|Rome|London|Vienna|Prague|Madrid|Berlin|Lisbon|Dublin|Oslo|Athens|Venice|"
             "Warsaw|Zagreb|Geneva|Hamburg").split("|"),
    "food": ("pizza|soup|pasta|salad|sushi|curry|pancakes|burgers|tacos|noodles|lasagne|"
             "dumplings|stew|fish|risotto").split("|"),
    "dish": ("cake|salad|dip|bread|cheese|pie|juice|ice cream|fruit|cookies|wine|lemonade|"
             "muffins|sandwiches").split("|"),
    "grocery": ("milk|eggs|butter|flour|sugar|rice|tomatoes|onions|apples|coffee|tea|cheese|bread|"
                "honey|garlic|potatoes|bananas|yoghurt|carrots|lemons").split("|"),
    "pet": "dog|cat|rabbit|parrot|hamster|turtle|puppy|kitten|horse|pony".split("|"),
    "gift": ("book|necklace|board game|plant|perfume|mug|puzzle|teapot|lamp|vase|bag|football|"
             "sweater|painting|cookbook|fountain pen").split("|"),
    "device": ("laptop|printer|washing machine|fridge|dishwasher|oven|radio|TV|heater|bike|"
               "coffee machine|tablet|microwave|keyboard|lawn mower").split("|"),
    "subject": ("maths|history|biology|chemistry|physics|French|Spanish|German|geography|music|"
                "economics|statistics|Latin|law").split("|"),
    "paper": ("report|essay|budget|presentation|article|contract|poster|survey|proposal|"
              "translation|newsletter|speech").split("|"),
    "sport": ("tennis|football|basketball|volleyball|hockey|chess|badminton|rugby|golf|squash|"
              "table tennis|handball").split("|"),
    "hobby": ("pottery|yoga|painting|dancing|cooking|photography|sewing|singing|climbing|judo|"
              "swimming|karate|drawing|woodwork").split("|"),
    "kin": "mum|dad|brother|sister|aunt|uncle|cousin|grandma|grandpa|boss|neighbour|teacher".split("|"),
    "ill": ("a cold|the flu|a fever|a headache|a sore throat|a toothache|a bad cough|"
            "a stomach ache|a bad back|an ear infection").split("|"),
    "job": ("nurse|waiter|teacher|designer|driver|cook|engineer|lawyer|journalist|librarian|"
            "baker|gardener|pilot|translator").split("|"),
    "film": ("comedy|thriller|drama|western|cartoon|documentary|musical|horror film|"
             "crime series|love story").split("|"),
    "veg": ("tomatoes|beans|carrots|strawberries|pumpkins|cherries|potatoes|plums|onions|"
            "cucumbers|peppers|apples").split("|"),
    "event": ("wedding|concert|party|picnic|barbecue|festival|dinner|graduation|reunion|"
              "exhibition|school play|fair").split("|"),
    "clothes": ("dress|shirt|suit|coat|skirt|hat|jacket|tie|sweater|pair of boots").split("|"),
    "room": ("kitchen|bathroom|bedroom|living room|garage|cellar|attic|office|hall").split("|"),
    "street": ("Oak Street|Mill Lane|Park Road|Hill Street|River Lane|Rose Street|King Street|"
               "Garden Road|Lake Road|Church Lane|Bridge Street|Station Road").split("|"),
    "news": ("is getting married|is having a baby|found a job|bought a house|opened a shop|"
             "met an old friend|won a prize").split("|"),
    "chore": ("water the plants|feed the cat|walk the dog|feed the fish|look after the rabbit|"
              "empty the mailbox|air the rooms|collect the post").split("|"),
    "corner": ("by the door|in the hall|under the stairs|in the garage|on the balcony|"
               "behind the house|in the shed|on the porch|under the bench").split("|"),
    "floor": "first second third fourth fifth top".split(),
    "vehicle": "train|bus|ferry|plane|car|tram".split("|"),
    "reason": ("has to work|is seeing the dentist|has an exam|is visiting {P} grandma|"
               "is too tired|has no money|has a meeting|has guests|is moving house|has to babysit"
               ).split("|"),
}

# The same reasons as the speaker says them.
FIRST_PERSON = {
    "has to work": "I [have to|must] work", "is seeing the dentist": "I'm seeing the dentist",
    "has an exam": "I have an exam", "is visiting {P} grandma": "I'm visiting my grandma",
    "is too tired": "I'm too tired", "has no money": "I have no money",
    "has a meeting": "I have a meeting", "has guests": "I have guests",
    "is moving house": "I'm moving house", "has to babysit": "I have to babysit",
}

# (opening turns, [(turns, summary), ...])
SCENARIOS = [
    # --- plans ---
    (["A: [Do you want to|Shall we|Would you like to] go to the {place} [on {day}|this {day}]?"],
     [(["B: [Sure|Yes|Sounds great|I'd love to]! [What time|When]?", "A: [How about|Maybe at|Let's say] {time}?",
        "B: [Fine|Perfect|That works|OK]. [See you there|Deal]."],
       "{A} and {B} [will go|are going] to the {place} on {day} at {time}."),
      (["B: [Yes|OK|Gladly]! [What time|When exactly]?", "A: At {time}?",
        "B: [Hmm, that's too early|I can't make it then|I'm busy then]. [Could we say|What about] {time2}?",
        "A: [No problem|OK], {time2} [it is|then]."],
       "{A} and {B} [will go|are going] to the {place} on {day} at {time2}."),
      (["B: [Sorry|Oh no|I'd like to, but] {I_reason} [on {day}|that day|then].",
        "A: [What a pity|Too bad]. [Maybe another time|Next time then]."],
       "{B} can't go to the {place} with {A} on {day} because {B.he} {reason:B}."),
      (["B: [I've been there already|I was there last week|I don't like it there]. [Why not|Let's try] the {place2}?",
        "A: [Good idea|Even better|OK]. [Meet you|See you] at {time}!"],
       "{A} and {B} [will go|are going] to the {place2} instead of the {place}."),
      ]),
    # --- lost things ---
    (["A: [Have you seen|Did you see|Do you know where I left] my [{color} |]{item}?",
      "?B: [No, when did you last have it|Not today|Have you looked everywhere]?",
      "?A: [I had it yesterday|I need it now|I've looked for an hour]."],
     [(["B: [I think it's|Look, it's|I saw it] {spot}.", "A: [Got it|Found it|Yes, here it is]! [Thanks|You saved me]!"],
       "{A} [has found|found] {A.his} {item} {spot}."),
      (["B: [Try|Have you looked] {spot}?", "A: [I did, it's not there|Nothing there].",
        "B: [Then|OK,] [check|look] {spot2}.", "A: [Oh, there it is|Yes! Found it]!"],
       "{A} [has found|found] {A.his} {item} {spot2}."),
      (["B: {C} [took it|borrowed it|has it], I think.", "A: [What? I'll call {C.him}|OK, I'll ask {C.him}|Typical! I'll text {C.him}]."],
       "{C} [has|took] {A}'s {item}. {A} will [call|contact] {C.him}."),
      (["B: No. [Look|Maybe] {spot}?", "A: [It isn't there|I looked there]. [I'll have to buy a new one|I must get a new one].",
        ], "{A} has lost {A.his} {item} and will buy a new one."),
      ]),
    # --- favours: borrowing ---
    (["A: [Could I borrow|Can you lend me|May I use] your {tool} [on {day}|this {day}]?",
      "?B: What for?", "?A: [I'm going away|I want to surprise {C}|I promised to help {C}]."],
     [(["B: [Sure|Of course|No problem]. [Pick it up|Come and get it|It's ready] at {time}.", "A: [Thanks|You're the best]!"],
       "{A} will borrow {B}'s {tool} on {day} and pick it up at {time}."),
      (["B: [Sorry|I'm afraid not], [it's broken|I broke it].", "A: [Oh, pity|OK]. [I'll ask|Then I'll try] {C}."],
       "{B}'s {tool} is broken, so {A} will ask {C}."),
      (["B: [Yes|OK], but I need it back [by|on] {day2}.", "A: [Sure|I promise|You'll have it]!"],
       "{B} will lend {A} {B.his} {tool} until {day2}."),
      (["B: [Sorry|Hmm], I [already lent|gave] it to {C}.", "A: [OK|I see]. [I'll rent one|I can rent one]."],
       "{B} lent {B.his} {tool} to {C}, so {A} will rent one."),
      ]),
    # --- late ---
    (["A: [I'm stuck in traffic|I missed the {vehicle}|The {vehicle} is late|I overslept]. [Sorry|So sorry]!",
      "?B: [Again|Really|Oh no]?", "B: [When will you be|When can you get] [here|to the {place}]?"],
     [(["A: [Around|At|By] {time}.", "B: [OK, I'll wait|No rush, I'll wait|Fine, I'm waiting] [at the entrance|inside|outside]."],
       "{A} is late and will [arrive|be there] at {time}. {B} will wait."),
      (["A: [At|Maybe] {time}. No wait, more like {time2}.", "B: [Then I'll start without you|We'll start without you|OK, I'll start]."],
       "{A} is late and will [arrive|be there] at {time2}. {B} will start without {A.him}."),
      (["A: [Not before|After] {time}.", "B: [Too late|That's too late]. [Let's|Better to] meet [on {day}|{day}] instead.", "A: [OK|Agreed]."],
       "{A} is late, so {A} and {B} will meet on {day} instead."),
      (["A: [By|At] {time}.", "B: OK. [I'll order|Shall I order] you [some |]{food}[.|?]", "A: [Yes please|Great, thanks]!"],
       "{A} is late and will [arrive|be there] at {time}. {B} will order {food}."),
      ]),
    # --- deadlines ---
    (["A: [Have you finished|How is|Did you send] the {paper}?",
      "?B: [Don't ask|It's a nightmare|I was just writing to you]."],
     [(["B: [Not yet|Almost]. [When is it due|What's the deadline]?", "A: [{day}|On {day}|By {day}].", "B: [I'll make it|OK, I'll be ready]."],
       "{B} will finish the {paper} by {day}."),
      (["B: [No|Not yet], I'm [stuck|lost]. [Isn't it due {day}?|And it's due {day}!]", "A: [They moved it to {day2}|No, you have until {day2}].",
        "B: [What a relief|Great news]!"], "The deadline for the {paper} was moved to {day2}."),
      (["B: [Yes|Yes, finally], I sent it to {C} [this morning|yesterday|an hour ago].", "A: [Great|Well done]!"],
       "{B} has finished the {paper} and sent it to {C}."),
      (["B: No, [I need help|I can't do it alone].", "A: [I can help|I'll help you] [on {day}|{day}] at {time}.", "B: [Thank you|You're an angel]!"],
       "{A} will help {B} with the {paper} on {day} at {time}."),
      ]),
    # --- cooking ---
    (["A: I'm making {food} [tonight|for dinner|for {C}]. [Do you have|Have you got] any {grocery}?"],
     [(["B: [Yes, come over|Sure, I'll bring it over|Yes, plenty].", "A: [Lovely|Thanks]! [Stay for dinner|You must eat with us]!", "B: [With pleasure|I will]!"],
       "{A} is making {food}. {B} has {grocery} and will stay for dinner."),
      (["B: [No, sorry|I'm out of it]. [Use|You could use|Try] {grocery2} instead.", "A: [Does that work|Really]?", "B: [Yes, it tastes fine|I do it all the time]."],
       "{A} is making {food}. {B} tells {A.him} to use {grocery2} instead of {grocery}."),
      (["B: No, but I'm [at the shop|in the supermarket], I can [buy|get] some.", "A: [Great|Perfect]. Be here [at|by] {time}."],
       "{A} is making {food}. {B} will buy {grocery} and come at {time}."),
      ]),
    # --- shopping ---
    (["A: I'm [at the supermarket|at the shop|going shopping]. [Do we need|What do we need|Do you need] [anything|something]?",
      "?B: Let me check."],
     [(["B: [We need|Please get|Yes,] {grocery} and {grocery2}.", "A: [OK|Anything else]?", "B: [No, that's all|Nothing else, thanks]."],
       "{A} will buy {grocery} and {grocery2}."),
      (["B: {grocery}, please. And {grocery2}.", "A: They have no {grocery2}.", "B: [Then take|Get] {grocery3} instead."],
       "{A} will buy {grocery} and {grocery3} because there is no {grocery2}."),
      (["B: [Yes|Please get] {grocery} and {grocery2}.", "A: OK.", "B: Wait, [we still have|I found some] {grocery}. [Forget it|Don't buy it]."],
       "{A} will buy only {grocery2}."),
      (["B: [No, I went yesterday|No, the fridge is full]. But [buy|get] {grocery} for {C}.", "A: [Sure|OK]."],
       "{A} will buy {grocery} for {C}."),
      ]),
    # --- pets ---
    (["A: My {pet} [is ill|isn't eating|looks sick]. [I'm so worried|I don't know what to do]!",
      "?B: [Poor thing|Oh no]!"],
     [(["B: [Go to the vet|Have you called the vet]?", "A: [Yes, I have an appointment|I got an appointment] [on {day}|{day}] at {time}.",
        "B: [I hope it's nothing|Fingers crossed]."], "{A} is taking {A.his} sick {pet} to the vet on {day} at {time}."),
      (["B: [I can drive you to the vet|Let me drive you to the vet]. [I'm free|I'll come] at {time}.", "A: [Thank you|That's so kind]!"],
       "{B} will drive {A} and {A.his} sick {pet} to the vet at {time}."),
      (["B: What does the vet say?", "A: [Too much {food}|It ate {food}|It stole the {food}]! [But it will be fine|It needs rest].", "B: [Haha|Silly {pet}]."],
       "{A}'s {pet} is sick because it ate {food}."),
      ]),
    (["A: [We got|I have|I bought|We adopted] {an_pet}!", "B: [How sweet|Wow|Really]! What's [its|the] name?",
      "A: {C}! [It's {color}|It is all {color}|So {color} and soft]."],
     [(["B: [Can I see it|I want to meet it]!", "A: [Come over|Visit us|Come] on {day}."],
       "{A} has a {color} {pet} called {C}. {B} will visit on {day}."),
      (["B: [Where from|Where did you get it]?", "A: From [a shelter|my {kin}|a farm] in {city}."],
       "{A} has a {color} {pet} called {C} from {city}."),
      ]),
    # --- gifts ---
    (["A: [What shall we buy|What should we get|Any gift ideas for] {C}[ for {C.his} birthday| for {day}]?"],
     [(["B: [Maybe|How about|I was thinking of] {an_gift}?", "A: [Great idea|Perfect]. [It costs|That's about] {price} {cur}.", "B: [Let's split it|We can share the cost]."],
       "{A} and {B} will [share the cost of|buy] {an_gift} for {C}."),
      (["B: [Maybe|How about] {an_gift}?", "A: [{C.he} already has one|I gave {C.him} one last year].", "B: Then {an_gift2}.", "A: [Good|Yes], [I'll order it|I'll get it]."],
       "{A} will [buy|get] {an_gift2} for {C}."),
      (["B: I [already bought|have already got] {C.him} {an_gift}.", "A: [Then I'll bake a cake|OK, I'll make a cake]."],
       "{B} bought {an_gift} for {C} and {A} will bake a cake."),
      ]),
    # --- invitations ---
    (["A: [I'm having|We're having|There is] {an_event} on {day}. [Will you come|Can you come|Are you in]?"],
     [(["B: [Of course|Yes]! [What can I bring|Should I bring something]?", "A: [Some {dish}, please|Could you bring {dish}|Maybe {dish}]?", "B: [Sure|OK], no problem."],
       "{B} will come to {A}'s {event} on {day} and bring {dish}."),
      (["B: [Sorry|I can't|Unfortunately not], {I_reason}.", "A: [Oh no|That's sad]. [I'll send you photos|We'll miss you]!"],
       "{B} can't come to {A}'s {event} on {day} because {B.he} {reason:B}."),
      (["B: [Sure|Yes]! [Can I bring|May I bring] {C}?", "A: [Of course|The more the merrier]. [It starts|Be here] at {time}."],
       "{B} and {C} will come to {A}'s {event} on {day} at {time}."),
      (["B: {day}? [Not|Wasn't it] {day2}?", "A: [We changed it|It moved|No, {day2} was last year].", "B: [OK|Then] I'll be there[ at {time}|]."],
       "{B} will come to {A}'s {event} on {day}."),
      ]),
    # --- travel ---
    (["A: [I'm going to|I'm flying to|I booked a trip to] {city} [on {day}|next {day}|this {day}]!",
      "?B: [Lucky you|I'm jealous|How exciting]!"],
     [(["B: [For how long|How long will you stay]?", "A: {num} days. [With my {kin}|My {kin} is coming too].", "B: [Have fun|Enjoy]!"],
       "{A} is going to {city} with {A.his} {kin} for {num} days."),
      (["B: How will you get there?", "A: By {vehicle}. [It leaves|I leave] at {time}.", "B: [I can take you to the station|I'll drive you]."],
       "{A} is going to {city} on {day}. {B} will drive {A.him}."),
      (["B: [Wasn't it {city2}|I thought you wanted to see {city2}]?", "A: [Too expensive|The flights cost {price} more|My {kin} said no]."],
       "{A} is going to {city} instead of {city2}."),
      (["B: [Can you bring me|Please get me] {an_gift}?", "A: [Sure|Of course|If I find one]."],
       "{A} is going to {city} and will bring {B} {an_gift}."),
      ]),
    (["A: [Are you back from|How was|Did you enjoy] {city}?", ],
     [(["B: [Great|Amazing|Wonderful]! [I loved|The best was] the {place} and the {food}.", "A: [I want to go too|Nice]!"],
       "{B} enjoyed the {place} and the {food} in {city}."),
      (["B: [Terrible|Awful|Bad]. It rained [for {num} days|all week] and I lost my {item}.", "A: [Poor you|Oh no]!"],
       "It rained in {city} and {B} lost {B.his} {item}."),
      (["B: [I never went|I didn't go]. [I had|I got] {ill}.", "A: [Oh no|I'm sorry]. [Will you go later|Can you go later]?", "B: [Yes|Maybe], in {num} weeks."],
       "{B} didn't go to {city} because {B.he} had {ill}."),
      ]),
    # --- repairs ---
    (["A: My {device} [is broken|doesn't work|won't start] [again|]. [Can you help|Any idea]?",
      "?B: [What happened|Since when]?", "?A: [It makes a strange noise|It just stopped|There was smoke]."],
     [(["B: [I can look at it|I'll have a look|I'll come by] [on {day}|{day}] at {time}.", "A: [Great|Thanks]!"],
       "{B} will [repair|look at] {A}'s {device} on {day} at {time}."),
      (["B: [Call|Ask] {C}, {C.he} [repairs everything|is good at it|fixed mine].", "A: [I will|OK, good idea]."],
       "{A} will ask {C} to repair {A.his} {device}."),
      (["B: [Just buy a new one|It's old, get a new one].", "A: [They cost|A new one is] {price} {cur}!", "B: [I can lend you the money|I'll pay half]."],
       "{A}'s {device} is broken. {B} offers {A.him} money for a new one."),
      (["B: [Is it plugged in|Did you plug it in]?", "A: [Oh|Wait]... [no, it wasn't|no]. [It works now|Now it works]!", "B: Haha."],
       "{A}'s {device} was not plugged in."),
      ]),
    # --- tech trouble ---
    (["A: [The wifi is down|I can't log in|My email doesn't work|The website won't open]. [Help|What now]!"],
     [(["B: [Restart|Did you restart] your {device}[.|?]", "A: [Yes, it works|It works now], [thanks|finally]!"],
       "{A} solved the problem by restarting the {device}."),
      (["B: [Try restarting it|Did you restart it]?", "A: [Three times|Yes, no luck].", "B: [Then call|Ask] {C} [on {day}|at {time}].", "A: OK."],
       "Restarting didn't help, so {A} will call {C}."),
      (["B: [They are repairing it|It's the same here]. [It will work|It comes back] at {time}.", "A: [OK, I'll wait|I'll wait then]."],
       "It will work again at {time}."),
      (["B: [You need a new password|Change your password].", "A: [How|Where]?", "B: {C} [can do it|will send you one]."],
       "{A} needs a new password from {C}."),
      ]),
    # --- illness ---
    (["A: [I have|I caught|I've got] {ill}. [I feel awful|I'm in bed|I can't get up].", "?B: [Poor you|Get well soon|Oh no]!"],
     [(["B: [Shall I bring|Can I bring] you [some |]{food}?", "A: [That would be lovely|Yes, please]!", "B: [I'll be there|See you] at {time}."],
       "{A} has {ill}. {B} will bring {A.him} {food} at {time}."),
      (["B: [Who does|What about] your shift on {day}?", "A: [Can you take it|Could you do it]?", "B: [Sure|Yes, rest]."],
       "{A} has {ill}, so {B} will take {A.his} shift on {day}."),
      (["B: [Can you still come|Are you coming] to the {event}?", "A: [No|I'm afraid not]. [Go with|Take] {C}.", "B: [OK|Fine], I'll ask {C.him}."],
       "{A} has {ill}, so {B} will go to the {event} with {C}."),
      (["B: [Did you see a doctor|What did the doctor say]?", "A: [I have to stay home for {num} days|{num} days in bed]."],
       "{A} has {ill} and must stay home for {num} days."),
      ]),
    # --- sport ---
    (["A: [How was|Who won|How did it go at] the {sport} [match|game]?"],
     [(["B: [We won|We beat them] [3:1|2:0|4:2|1:0]! {C} was [brilliant|the best].", "A: [Congratulations|Well done]!"],
       "{B}'s team won the {sport} [match|game]. {C} played best."),
      (["B: [We lost|They beat us|Don't ask, we lost]. {C} [was hurt|broke {C.his} arm|hurt {C.his} leg].", "A: [Oh no|Sorry to hear that]!"],
       "{B}'s team lost the {sport} [match|game] and {C} was hurt."),
      (["B: [It was cancelled|They cancelled it], [too much rain|it rained]. [We play|It's now] on {day}.", "A: [I'll come and watch|I'll be there]!"],
       "The {sport} [match|game] was moved to {day}. {A} will watch it."),
      ]),
    (["A: [Fancy a game of|Shall we play|Do you want to play] {sport} [on {day}|this {day}]?"],
     [(["B: [Sure|I'm in]! [At {time}|{time}]?", "A: [Good|OK]. [Bring water|I'll book a place]."],
       "{A} and {B} will play {sport} on {day} at {time}."),
      (["B: [I hurt my arm|My leg hurts|I hurt my back]. [Ask|Play with] {C}!", "A: [OK, get well|Oh, get better]!"],
       "{B} is hurt and can't play {sport} with {A}."),
      (["B: [I prefer|Rather] {sport2}.", "A: [Fine|OK], {sport2} then. [At {time}|{time}]?", "B: [Good|Yes]."],
       "{A} and {B} will play {sport2} on {day} at {time}."),
      ]),
    # --- study ---
    (["A: [I don't understand|I'm going to fail|I'm so bad at] {subject}! The [exam|test] is on {day}."],
     [(["B: [Let's study together|We can learn together] [at the library|at my place]. {time}?", "A: [Yes please|Great, thanks]!"],
       "{A} and {B} will study {subject} together at {time}."),
      (["B: Ask {C}, {C.he} [got the best mark|knows everything|is a genius].", "A: [I'll text {C.him}|OK, I'll do that]."],
       "{A} will ask {C} for help with {subject}."),
      (["B: [No, it's on {day2}|They moved it to {day2}|Check again, it's {day2}].", "A: [Thank God|Oh good], more time!"],
       "The {subject} exam is on {day2}."),
      (["B: [I can send you|You can have] my notes.", "A: [Really|You would]? [Thanks|I owe you {an_dish}]!"],
       "{B} will send {A} {B.his} {subject} notes for the exam on {day}."),
      ]),
    # --- moving ---
    (["A: I'm moving to {street} on {day}. [Can you help|I need help|Could you give me a hand]?", "?B: [Finally|So soon]!"],
     [(["B: [Sure|Yes]. [When|What time]?", "A: [At {time}|{time}]. [It's on the {floor} floor|I have {num} boxes].", "B: [OK|Fine]."],
       "{B} will help {A} move to {street} on {day} at {time}."),
      (["B: [I can't|Sorry], {I_reason}. [But {C} has a van|Ask {C}, {C.he} has a van].", "A: [Thanks, I'll call {C.him}|OK, I'll ask]."],
       "{B} can't help {A} move, so {A} will ask {C}."),
      (["B: [Sure|OK]. [Which floor|Is there a lift]?", "A: [The {floor} floor, no lift|{floor} floor, sorry].", "B: [You owe me {food}|I want {food} for that]!"],
       "{B} will help {A} move to the {floor} floor on {street}."),
      ]),
    # --- jobs ---
    (["A: [How was|How did] the [job |]interview[ go|]?"],
     [(["B: I got [the job|it]! I start [on {day}|{day}] as {an_job}.", "A: [Congratulations|Amazing]!", "?B: [Let's celebrate|Dinner is on me]!"],
       "{B} got a job as {an_job} and starts on {day}."),
      (["B: [They want|They took] someone [older|with experience]. [I'll try again|I'll apply] in {city}.", "A: [Good luck|Don't give up]!"],
       "{B} didn't get the job and will try in {city}."),
      (["B: [I don't know yet|No answer yet]. They'll [call|write] on {day}.", "A: [Fingers crossed|You'll get it]!"],
       "{B} will know about the job on {day}."),
      ]),
    (["A: [I'm so tired|I've had enough] of my job[ at the {place}|]."],
     [(["B: [What's wrong|Why]?", "A: The boss is [rude|awful] and the pay is [low|bad].", "B: [{C} needs|{C}'s company needs] {an_job}. [Call {C.him}|Write to {C.him}]!"],
       "{B} tells {A} that {C} needs {an_job}."),
      (["B: [So what's the plan|And now]?", "A: [A course|Evening classes] in {subject}, {num} months.", "B: [Good for you|Good plan]!"],
       "{A} is planning a {num} month course in {subject}."),
      ]),
    # --- films and books ---
    (["A: [I watched|I just saw|Have you seen the new] {film}[ last night| on {day}| yesterday]?",],
     [(["B: [Was it good|How was it]?", "A: [Boring|Terrible|So bad], I fell asleep.", "B: [I'll skip it|Then I won't watch it]."],
       "{A} found the {film} boring, so {B} won't watch it."),
      (["B: [Was it good|Worth it]?", "A: [Brilliant|I loved it]! [Watch it|You must see it]!", "B: [I will, with {C}|I'll take {C}] on {day}."],
       "{B} will watch the {film} with {C} on {day}."),
      (["B: [I prefer|I only like] [a {film2}|{film2}s].", "A: {C} [made|plays in] this one!", "B: [Really|Oh]? [Then I'll watch it|I'll see it then]."],
       "{B} will watch the {film} because of {C}."),
      ]),
    # --- restaurants ---
    (["A: [I'm booking a table|Shall I book a table] [for|on] {day}. [How many are we|How many people]?",],
     [(["B: {num}, [with {C}|{C} is coming too].", "A: OK, {num} people at {time}."],
       "{A} is booking a table for {num} on {day} at {time}."),
      (["B: {num}. No, {num2}, {C} [is coming too|wants to come].", "A: [Good|Fine]. [At {time}|{time}]."],
       "{A} is booking a table for {num2} on {day} at {time}."),
      (["B: {num}. [Do they have|I want] {food}?", "A: [No|They don't]. [But the one|There's a place] on {street} does.", "B: [Book there|Let's go there]!"],
       "{A} and {B} will eat {food} on {street} on {day}."),
      ]),
    (["A: [What do you want for|What shall we have for] [dinner|lunch]?", ],
     [(["B: [I'd like|I want|Maybe] {food}.", "A: [Again|Not again]! [What about|How about] {food2}?", "B: [Fine|OK], {food2}."],
       "{A} and {B} will have {food2} [instead of {food}|]."),
      (["B: {food}! [I'm starving|I'm so hungry].", "A: [I'll cook|I'll make it]. [Be home|Ready] [at|by] {time}."],
       "{A} will make {food} at {time}."),
      (["B: [Nothing|I've eaten], I had {food} with {C}.", "A: [OK|Then] I'll have {food2}."],
       "{B} has eaten {food} with {C}, so {A} will have {food2}."),
      ]),
    # --- pick-ups ---
    (["A: [Can you pick me up|Could you collect me] [at|from] the [airport|station] on {day}?", "B: [What time|When]?", ],
     [(["A: [I land|I arrive] at {time}.", "B: [OK|No problem], I'll be there."],
       "{B} will pick {A} up on {day} at {time}."),
      (["A: At {time}.", "B: OK!", "A: [Update|Bad news], [it's late|there's a delay]: {time2}.", "B: [Fine|Got it]."],
       "{B} will pick {A} up on {day} at {time2}."),
      (["A: [At {time}|{time}].", "B: {I_reason}, [sorry|so I can't]. [Ask {C}|{C} can come].", "A: OK, I'll [call|ask] {C.him}."],
       "{B} can't pick {A} up, so {A} will ask {C}."),
      ]),
    # --- house sitting ---
    (["A: I'm [away|on holiday|in {city}] [for {num} days|until {day}]. [Could you|Can you|Would you] {chore}?"],
     [(["B: [Sure|Of course]. [How do I get in|Where are the keys]?", "A: [{C} has|Ask {C}, {C.he} has] the keys."],
       "{B} will {chore} for {A}. {C} has the keys."),
      (["B: [Sure|Gladly]. How often?", "A: Every {num2} days. [I'll bring you {an_gift}|Thank you]!"],
       "{B} will {chore} for {A} every {num2} days."),
      (["B: [Sorry|No], {I_reason}.", "A: [OK|Never mind], [I'll ask {C}|{C} can do it]."],
       "{B} can't {chore}, so {A} will ask {C}."),
      ]),
    # --- tickets and money ---
    (["A: [Did you get|Have you got] [the |]tickets for the {event}?",],
     [(["B: Yes, {num} [tickets |]for {price} {cur}. ", "A: [Great|Cool]! [I'll pay you|You'll get my money] on {day}."],
       "{B} bought {num} tickets for the {event}. {A} will pay on {day}."),
      (["B: [No, sold out|They are sold out]!", "A: [Oh no|What]! {C} [sells two|has two left].", "B: [I'll call {C.him}|Ask {C.him}]!"],
       "The tickets for the {event} are sold out, but {C} has two."),
      (["B: [No, too expensive|No]. {price} {cur} [each|is too much].", "A: [Then let's stay home|OK, let's watch a {film}]."],
       "{B} didn't buy tickets for the {event} because they cost {price} {cur}."),
      ]),
    (["A: You [still |]owe me {price} {cur}[ for the {gift}| for the {event}|].",],
     [(["B: [Sorry|Oh right], I forgot. I'll pay [on {day}|{day}].", "A: [OK|Fine]."],
       "{B} owes {A} {price} {cur} and will pay on {day}."),
      (["B: [Really|What]? [I thought it was|Wasn't it] {price2}.", "A: [You're right|Oh yes], {price2}. Sorry.", "B: [I'll send it|Sent]!"],
       "{B} owes {A} {price2} {cur}, not {price}."),
      (["B: I [gave it to|paid] {C}!", "A: [Oh|OK], I'll ask {C.him}."],
       "{B} gave {A}'s money to {C}."),
      ]),
    (["A: Is [your|the] {item} still for sale?", "B: [Yes|It is]. {price} {cur}."],
     [(["A: [Would you take|How about] {price2}?", "B: [OK, deal|Fine]. [Come|Pick it up] on {day}."],
       "{A} will buy {B}'s {item} for {price2} {cur} on {day}."),
      (["A: [Would you take|How about] {price2}?", "B: [No|Sorry], {price}.", "A: [OK|All right], I'll take it."],
       "{A} will buy {B}'s {item} for {price} {cur}."),
      (["A: [Too much|That's a lot] for me. [Sorry|No thanks].", "B: [OK|No problem], {C} wants it."],
       "{A} won't buy {B}'s {item}. {C} wants it."),
      ]),
    # --- family ---
    (["A: [Can you|Could you] [babysit|watch the kids] [on {day}|this {day}]? [We have|We're going to] {an_event}."],
     [(["B: [Sure|Yes]. From when?", "A: From {time} to {time2}.", "B: [Fine|OK]."],
       "{B} will babysit for {A} on {day} from {time} to {time2}."),
      (["B: {I_reason}, [sorry|so no]. [Try {C}|{C} is free].", "A: OK, [thanks|I'll ask]."],
       "{B} can't babysit on {day} because {B.he} {reason:B}."),
      (["B: [Yes|OK], for {price} {cur}!", "A: [Haha, OK|Deal]. Be here at {time}."],
       "{B} will babysit for {A} on {day} for {price} {cur}."),
      ]),
    (["A: [My {kin} called|I talked to my {kin}][ today| yesterday|]. [Guess what|You won't believe it]!", "B: [What|Tell me]?"],
     [(["A: {A.He_kin} {news} in {city}!", "B: [Wow|How lovely]!"],
       "{A}'s {kin} {news} in {city}."),
      (["A: {A.He_kin} won {price} {cur} at {an_event}!", "B: [No way|Lucky]!"],
       "{A}'s {kin} won {price} {cur} at {an_event}."),
      (["A: {A.He_kin} [bought|got] {an_pet} and {an_tool}.", "B: [Crazy!|Haha, why?]"],
       "{A}'s {kin} bought {an_pet} and {an_tool}."),
      ]),
    # --- work meetings ---
    (["A: [Where is|When is] the meeting [today|on {day}]?"],
     [(["B: [At {time}|{time}], [in the {room}|in {C}'s office].", "A: [Thanks|OK, see you there]."],
       "The meeting is at {time}."),
      (["B: It was at {time}, but {C} moved it to {time2}.", "A: [Good to know.|Why?|Oh, thanks!]", "?B: {C.He} [is late|has a call]."],
       "{C} moved the meeting to {time2}."),
      (["B: [It's cancelled|No meeting today]. {C} has {ill}.", "A: [Oh|I see]. [So when|New date]?", "B: {day2}."],
       "The meeting is moved to {day2} because {C} has {ill}."),
      ]),
    # --- parcels, messages ---
    (["A: [Your parcel came|There's a parcel for you|I took in your parcel].", "?B: [Great|Finally]! It's {an_gift}."],
     [(["B: [Can I get it|Shall I come] at {time}?", "A: [I'm out|Not then]. [Come|Better] at {time2}.", "B: OK!"],
       "{B} will collect {B.his} parcel from {A} at {time2}."),
      (["B: [Can you leave it|Could you put it] {corner}?", "A: [Sure|Done]."],
       "{A} will leave {B}'s parcel {corner}."),
      (["B: [Give it to|It's for] {C}, please.", "A: [OK|Fine], I'll see {C.him} on {day}."],
       "{A} will give {B}'s parcel to {C} on {day}."),
      ]),
    (["A: {C} [called|was here|rang] [for you |]at {time}.", "B: [What did {C.he} want|What for]?"],
     [(["A: {C.He} [needs|wants] {C.his} {tool} back.", "B: [Right|Oh], I'll bring it on {day}."],
       "{B} will return {C}'s {tool} on {day}."),
      (["A: {C.He} [didn't say|was in a hurry]. [Call back|Ring {C.him}] after {time2}.", "B: [OK|Thanks]."],
       "{B} should call {C} back after {time2}."),
      (["A: {C.He} [can't come|won't come] to the {event}.", "B: [Why?|What a pity.]", "?A: {C.He} has {ill}."],
       "{C} can't come to the {event}."),
      ]),
    # --- garden, home ---
    (["A: [We have|I've got] so many {veg} this year! [Do you want some|Want some]?"],
     [(["B: [Yes|Love some]! I'll make {an_dish}.", "A: [Come|Pick them up] on {day}."],
       "{B} will get {veg} from {A} on {day}."),
      (["B: [I don't like|I can't eat] them. [Give them to {C}|But {C} loves them].", "A: [Good idea|OK, I will]."],
       "{A} will give {veg} to {C}."),
      (["B: [We have|I grew] {veg2}. [Shall we swap|Let's swap]!", "A: [Deal|Great]!"],
       "{A} and {B} will swap {veg} for {veg2}."),
      ]),
    (["A: I'm painting [the|my] {room}. [Which colour|What colour]?"],
     [(["B: {color}! [It's cosy|It looks fresh].", "A: [Not {color2}|I had {color2} in mind]?", "B: [No way|No], {color}."],
       "{B} tells {A} to paint the {room} {color}."),
      (["B: {color}.", "A: [I have {color2} left|{color2} is cheaper].", "B: [Then|OK,] {color2} [is fine|it is]."],
       "{A} will paint the {room} {color2}."),
      (["B: {color}. [I can help|Need help]?", "A: [Yes|Please], on {day}."],
       "{B} will help {A} paint the {room} {color} on {day}."),
      ]),
    (["A: [What shall I wear|What do I wear] to the {event}?"],
     [(["B: [The|Your] {color} {clothes}.", "A: [OK|Thanks]!"],
       "{A} will wear a {color} {clothes} to the {event}."),
      (["B: [The|Your] {color} {clothes}.", "A: [It's dirty|It doesn't fit].", "B: Then the {color2} one."],
       "{A} will wear a {color2} {clothes} to the {event}."),
      (["B: [Buy something new|Let's go shopping]! {day}?", "A: [Good idea|OK]. I need {an_clothes}."],
       "{A} and {B} will buy {an_clothes} on {day}."),
      ]),
    # --- cars, roads ---
    (["A: My car [broke down|has stopped|won't start] [near {city}|on {street}|at the {place}]!", "B: [Are you OK?|Oh no, are you hurt?]"],
     [(["A: [Not hurt, but cold|I'm fine]. [Can you come|Can you get me]?", "B: [I'm coming|On my way], [there by|I'll be there at] {time}."],
       "{A}'s car broke down. {B} will be there at {time}."),
      (["A: [All good|I'm fine]. {C} [is helping me|is towing it]. [But I'll miss|So I can't make] the {event}.", "B: [Don't worry|No problem]."],
       "{A}'s car broke down, so {A.he} will miss the {event}."),
      (["A: [Fine, don't worry|I'm fine]. I'll take the {vehicle}. [Start|Begin] without me.", "B: OK."],
       "{A}'s car broke down, so {A.he} will take the {vehicle}."),
      ]),
    (["A: [How do I get to|Where is] [your flat|the {place}]?"],
     [(["B: Take the {vehicle} to {street}. [It's on|Then] the {floor} floor.", "A: [Thanks|OK]."],
       "{A} should take the {vehicle} to {street} and go to the {floor} floor."),
      (["B: [It's on|Go to] {street}, number {price}.", "A: [{price2}?|Did you say {price2}?]", "B: No, {price}!"],
       "The address is {street}, number {price}."),
      (["B: I'll [pick you up|meet you] on {street} at {time}.", "A: [Even better|Thanks]!"],
       "{B} will meet {A} on {street} at {time}."),
      ]),
    # --- classes ---
    (["A: I [signed up for|started|want to try] {hobby}[ classes|]. [Want to join|Come with me]?", "?B: [How much is it|What does it cost]?", "?A: {price} {cur}."],
     [(["B: [When is it|Which day]?", "A: [On {day}|{day}] at {time}.", "B: [I'm in|OK, I'll come]!"],
       "{A} and {B} will do {hobby} on {day} at {time}."),
      (["B: [I'd rather do|I prefer] {hobby2}. [Ask {C}|{C} might come].", "A: [OK|I will]."],
       "{A} does {hobby}, but {B} prefers {hobby2}."),
      (["B: {I_reason}, [sorry|so no].", "A: [Too bad|Pity]."],
       "{B} can't join {A} for {hobby} because {B.he} {reason:B}."),
      ]),
    # --- weather ---
    (["A: [They say|It looks like] [it will rain|there will be snow|a storm is coming] on {day}. [What about|And] our {event}?"],
     [(["B: [We move it|Let's move it] to {day2}.", "A: OK, I'll tell {C}."],
       "The {event} is moved to {day2} because of the weather. {A} will tell {C}."),
      (["B: [We do it inside|Let's go inside], [at {C}'s|in the {room}].", "A: [Good idea|Fine]."],
       "The {event} on {day} will be inside because of the weather."),
      (["B: [We cancel it|Let's cancel].", "A: [Sad|OK]. [We could go to|Then let's go to] the {place}.", "B: [Yes|Good]!"],
       "{A} and {B} will go to the {place} because the {event} is cancelled."),
      ]),
    # --- photos, files ---
    (["A: [Can you send me|Please send] the photos [from|of] [the {event}|{city}]?"],
     [(["B: [They're on|Sorry, on] my {device} [at home|], I'll [send|do] it at {time}.", "A: [Thanks|No hurry]."],
       "{B} will send {A} the photos at {time}."),
      (["B: {C} has them[, I don't|]. [Ask {C.him}|Write to {C.him}].", "A: [OK|Will do]."],
       "{A} should ask {C} for the photos."),
      (["B: [I deleted them|They're gone]! [Sorry|So sorry]!", "A: [What|Oh no]! [All of them|Really]?", "B: [Only {num} are left|I have {num} left]."],
       "{B} deleted the photos and has only {num} left."),
      ]),
    # --- neighbours ---
    (["A: [The neighbours are|{C} is] so loud [again|tonight]! [I can't sleep|I need to study {subject}]."],
     [(["B: [Come to my place|Sleep here]!", "A: [Really|May I]? [I'll be there|I'm coming] at {time}."],
       "{A} will come to {B}'s place at {time} because of the noise."),
      (["B: [Talk to them|Go and ask them to stop].", "A: [I did|I tried], they [laughed|didn't care].", "B: [Then call|Call] the police."],
       "{B} tells {A} to call the police because of the noise."),
      (["B: What is it?", "A: [Somebody plays|They play] the {item_music} [all night|since {time}].", "B: [Poor you|Terrible]!"],
       "{A} can't sleep because someone plays the {item_music}."),
      ]),
]
POOLS["music"] = "piano|drums|violin|trumpet|flute|guitar|accordion|cello".split("|")

# Second matters that may follow any dialogue, each with its own sentence for the summary.
ADD_ONS = [
    (["A: [By the way|Oh and], can you [call|ring] me [on {day}|at {time}]?", "B: [Sure|OK]."], "{B} will call {A} [later|back]."),
    (["B: [Guess what|By the way], I got {an_pet}!", "A: [Wow|Lovely]!"], "{B} has {an_pet}."),
    (["A: [Also|One more thing], I need {grocery}.", "B: I'll [bring some|get it]."], "{B} will bring {grocery}."),
    (["B: [And|Oh,] I [found|have] your {item}!", "A: [Finally|Great]!"], "{B} has {A}'s {item}."),
    (["B: I'm going to {city} [on {day}|soon].", "A: [Have fun|Lucky you]!"], "{B} is going to {city}."),
    (["A: [Did I tell you|You know], {C} is {an_job} now!", "B: [Really|Good for {C.him}]!"], "{C} is {an_job} now."),
    (["B: [How is|What about] your {kin}?", "A: [In hospital|Down with {ill}|In bed with {ill}].", "B: [Oh dear|Poor thing]."], "{A}'s {kin} is ill."),
    (["B: Did you [hear|know]? {C} [sold|crashed] {C.his} car.", "A: [No way|Oh]!"], "{C} no longer has {C.his} car."),
    (["A: [Can I have|When do I get] my {item} back?", "B: [On {day}|{day}]."], "{B} will return {A}'s {item} on {day}."),
    (["B: [Coffee|A walk|Ice cream] on {day}?", "A: [Yes|Gladly], [at {time}|{time}]."], "They will meet on {day} at {time}."),
    (["B: [Lend me|Can you lend me] {price} {cur}?", "A: [OK|Fine], but only until {day}."], "{A} will lend {B} {price} {cur}."),
    (["B: [Lend me|Can you lend me] {price} {cur}?", "A: [Sorry, no|No, I'm broke]."], "{A} can't lend {B} money."),
    (["A: I [passed|failed] my {subject} exam.", "B: [Oh|I knew it]!"], "{A} had {A.his} {subject} exam."),
    (["A: I [can't stand|hate] {food}[, you know|].", "B: [Me too|Why]?"], "{A} doesn't like {food}."),
    (["A: [Have you met|Do you know] {C}, my new {kin_new}?", "B: [Not yet|No]."], "{C} is {A}'s new {kin_new}."),
    (["B: My {device} is [broken|dead].", "A: Take [mine|my old one]."], "{B} can use {A}'s {device}."),
    (["A: {C} is in {city} [now|these days].", "B: [Nice|Really]? "], "{C} is in {city}."),
    (["B: [I'm learning|I started] {hobby}!", "A: [Cool|Is it hard]?"], "{B} is learning {hobby}."),
    (["A: We're playing {sport} on {day}.", "B: [Good luck|Have fun]!"], "{A} is playing {sport} on {day}."),
    (["B: It's my {kin}'s birthday on {day}.", "A: Get {an_gift}.", "B: [Good idea|Yes]!"], "{B} will buy {B.his} {kin} {an_gift}."),
    (["A: I bought {an_clothes}, {color}.", "B: [Show me|Send a photo]!"], "{A} has a new {color} {clothes}."),
    (["B: [Where|How] are you now?", "A: {spot_self}, [waiting for|with] {C}."], "{A} is with {C}."),
    (["A: I [moved|am moving] to {street}.", "B: [Oh|Nice area]!"], "{A} lives on {street}[ now|]."),
    (["B: [Don't tell|Please don't tell] {C}[ yet|]!", "A: [I won't|Promise]."], "{A} won't tell {C}."),
    (["A: [Shall I tell {C}|Does {C} know]?", "B: [Yes, tell {C.him}|Not yet, tell {C.him}]."], "{A} will tell {C}."),
    (["B: [Take a jacket|It's cold], it's {num} degrees.", "A: [Thanks|OK], I'll take my {color} one."], "{A} will take a {color} jacket."),
]
POOLS["kin_new"] = "boss neighbour teacher trainer flatmate colleague".split()
POOLS["spot_self"] = "At home|On the bus|In a taxi|At work|In the park|At the station".split("|")

# Other wordings a summary may choose: (pattern, replacements for one subject, for two).
REWORDINGS = [
    (r" will ", ["is going to", "plans to", "wants to", "promises to"],
     ["are going to", "plan to", "want to", "have agreed to"]),
    (r" can't ", ["cannot", "is not able to", "is unable to"], ["cannot", "are not able to", "are unable to"]),
    (r" because (?=he|she|it|they)", ["as", "since"], None),
    (r", so ", [". That's why", "and therefore", "and so"], None),
    (r" instead of ", ["rather than", "and not", "in place of"], None),
    (r" bought ", ["got", "has bought", "has got"], None),
    (r" didn't ", ["did not"], None),
    (r" won't ", ["will not", "isn't going to"], ["will not", "aren't going to"]),
    (r" has found ", ["found", "has got back"], None),
    (r" broke down", ["doesn't work", "is broken", "stopped"], None),
    (r" tells (?=\w+ to )", ["told", "advises", "wants"], None),
    (r" is moved to ", ["was moved to", "will be", "has moved to"], None),
    (r" was moved to ", ["is moved to", "is now", "has moved to"], None),
    (r" is late ", ["is running late", "will be late"], None),
    (r" pick (\w+) up ", ["collect \\1", "fetch \\1", "meet \\1"], None),
    (r" buy ", ["get"], None),
]
FILLERS = ["Well,", "Hm,", "Listen,", "Oh,", "So,", "Look,", "Honestly,", "Ah,", "You know,", "Um,"]


def reword(summary, rng):
    """Some of a summary's phrases in other words, so that no wording is certain."""
    for pattern, one, two in REWORDINGS:
        match = re.search(pattern, summary)
        if match and rng.random() < 0.45:
            head = summary[:match.start()].rsplit(". ", 1)[-1]
            options = two if two and (" and " in head or head == "They") else one
            words = match.expand(rng.choice(options))
            lead = "" if words[:1] in ".," else " "
            tail = " " if match.group().endswith(" ") or "(?=" in pattern else ""
            summary = summary[:match.start()] + lead + words.strip() + tail + summary[match.end():]
    match = re.match(r"(\w+) and (\w+) (?=will|are|plan|want|have)", summary)
    if match and rng.random() < 0.3:
        summary = f"{match.group(2)} and {match.group(1)} " + summary[match.end():]
    return summary


def correct(core, slots, rng):
    """Let a speaker first say a wrong thing and then put it right; the summary keeps the right one."""
    keys = [(i, m.group(1)) for i, turn in enumerate(core) for m in SLOT.finditer(turn)
            if m.group(1).rstrip("0123456789") in ("day", "time", "price", "num", "color", "city", "food",
                                                   "gift", "sport", "film", "subject", "street")
            and f"{{{m.group(1)}}}" in expand(turn, random.Random(0), True)]
    if not keys:
        return core
    index, key = rng.choice(keys)
    if any(f"{{{key}}}" in turn for turn in core[:index]):
        return core
    wrong = key.rstrip("0123456789") + "7"
    said = core[index].replace(f"{{{key}}}", f"{{{wrong}}}")
    mend = rng.choice(["[Sorry|Oops], I mean {%s}.", "No wait, {%s}.", "{%s}, I mean.", "Not {%s7}, {%s}[!|.]",
                       "Oh no, {%s}, not {%s7}."])
    mend = mend.replace("{%s7}", f"{{{wrong}}}").replace("{%s}", f"{{{key}}}")
    return core[:index] + [said, f"{core[index][0]}: {mend}"] + core[index + 1:]


SMALL_TALK = [
    ["A: [Hi|Hey|Hello] {B}!", "B: [Hi|Hey|Hello][ {A}|]!"],
    ["A: [Hi|Hey|Hello][ {B}|], how are you?", "B: [Fine, and you?|Good, thanks.|Great, thanks!|A bit tired.|Busy, and you?]"],
    ["A: [Are you there|Are you up|Busy]?", "B: [Yes|Sure], what's up?"],
    ["A: [Lovely|Awful|Strange] weather today.", "B: [I know|Yes], [I stayed in|I was at the {place}]."],
    ["B: [I just had|I'm eating] {food}.", "A: [Yum|Enjoy]!"],
    ["B: [Long time no see!|Where have you been?|Missed you yesterday!]", "A: [True, I|Sorry, I|Oh, I] was [in {city}|at the {place}|busy with {sport}]."],
    ["A: [Did you sleep well|Had a good day]?", "B: [Not really|So so], my {kin} was here."],
    ["B: [Morning|Good evening|Hello again][ {A}|]!", "A: [Hi|Hello][ {B}|]!"],
]
CLOSING = [
    ["B: [Bye|See you|Take care]!"], ["A: [Bye|See you|Talk soon]!"],
    ["A: [Bye|Thanks again]!", "B: [Bye|You're welcome]!"],
    ["A: [How is|Say hi to] your {kin}[|]!", "B: [Will do|All fine], thanks!"],
    ["B: [By the way|Oh], I saw {C2} [at the {place}|in {city}].", "A: [Cool|Nice]!"],
    ["A: :)"], ["B: [Haha|:D|;)]"],
]
NOISE = ["", "", "", "", "", "", "", "", " :)", " haha", "!", " ;)"]


def expand(text, rng, flat):
    """Choose among [a|b|c] alternatives, innermost first; `flat` favours the first one."""
    pattern = re.compile(r"\[([^\[\]]*)\]")
    while True:
        match = pattern.search(text)
        if not match:
            return text
        options = match.group(1).split("|")
        chosen = options[0] if not flat and rng.random() < 0.6 else rng.choice(options)
        text = text[:match.start()] + chosen + text[match.end():]


def invented_name(rng):
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.choice((2, 2, 3)))).capitalize()


class Slots:
    """Values for the slots of one dialogue, drawn when first asked for."""

    def __init__(self, rng, held_out):
        self.rng = rng
        self.values = {}
        self.first = None
        self.held_out = held_out
        self.people = {}

    def person(self, key):
        if key not in self.people:
            while True:
                draw = self.rng.random()
                if self.held_out and draw < 0.12:
                    female = self.rng.random() < 0.5
                    name = self.rng.choice(HELD_OUT_FEMALE if female else HELD_OUT_MALE)
                elif draw > 0.88:
                    name = invented_name(self.rng)
                    female = name[-1] in "ai"
                else:
                    female = self.rng.random() < 0.5
                    name = self.rng.choice(FEMALE if female else MALE)
                if all(name != other for other, _ in self.people.values()):
                    break
            self.people[key] = (name, female)
        return self.people[key]

    def value(self, key):
        if key not in self.values:
            pool = key.rstrip("0123456789")
            taken = {v for k, v in self.values.items() if k.rstrip("0123456789") == pool}
            self.values[key] = self.rng.choice([v for v in POOLS[pool] if v not in taken])
            if self.first is None and pool not in ("day", "time", "num"):
                self.first = self.values[key]
        return self.values[key]

    def fill(self, match, speaker=None):
        key = match.group(1)
        if key[0] in "ABC" and (len(key) == 1 or key[1] in ".2"):
            who, _, form = key.partition(".")
            name, female = self.person(who)
            if not form:
                return name
            if form == "He_kin":
                return "She" if self.kin_female() else "He"
            return {"he": "she" if female else "he", "He": "She" if female else "He",
                    "him": "her" if female else "him", "his": "her" if female else "his"}[form]
        if key == "I_reason":
            return FIRST_PERSON[self.value("reason")]
        if key.startswith("reason:"):
            _, female = self.person(key[-1])
            return self.value("reason").replace("{P}", "her" if female else "his")
        if key == "item_music":
            return self.value("music")
        if key.startswith("an_"):
            word = self.value(key[3:])
            if word.endswith("s") or word in MASS:
                return ("some " if not word.startswith("pair") else "a ") + word
            return ("an " if word[0] in "aeiou" else "a ") + word
        return self.value(key)

    def kin_female(self):
        kin = self.value("kin")
        if kin in ("mum", "sister", "aunt", "grandma"):
            return True
        if kin in ("dad", "brother", "uncle", "grandpa"):
            return False
        return "female" == self.values.setdefault("_kin", self.rng.choice(("female", "male")))


MASS = {"bread", "cheese", "juice", "ice cream", "fruit", "wine", "lemonade", "perfume", "salad"}
SLOT = re.compile(r"\{([^{}]*)\}")


def render(template, slots, rng, flat=True):
    # Slots first open their own alternatives (reasons do), so fill, then expand what they brought.
    text = expand(template, rng, flat)
    text = SLOT.sub(slots.fill, text)
    text = expand(text, rng, flat)
    text = re.sub(r"\s+", " ", text).replace(" ,", ",").replace(" .", ".").replace(" ?", "?").strip()
    return text[:1].upper() + text[1:]


def make_one(rng, held_out):
    """One dialogue: (lines, summary, name of first speaker, first thing named)."""
    slots = Slots(rng, held_out)
    slots.person("A"), slots.person("B")
    opening, branches = rng.choice(SCENARIOS)
    turns, summary = rng.choice(branches)
    # Optional turns that follow each other (a question and its answer) come together or not at all.
    core, keep = [], None
    for turn in opening + turns:
        keep = (rng.random() < 0.5 if keep is None else keep) if turn.startswith("?") else None
        if keep is not False:
            core.append(turn.lstrip("?"))
    if rng.random() < 0.15:
        core = correct(core, slots, rng)
    rendered = [(t[0], render(t[3:], slots, rng)) for t in core]
    text = reword(render(summary, slots, rng, flat=False), rng)
    draw = rng.random()
    if draw < 0.42 and len(core) < 8:
        # A second matter about new things and people: a short one, or another whole scenario.
        other = Slots(rng, held_out)
        swapped = rng.random() < 0.5
        other.people = {"A": slots.people["AB"[swapped]], "B": slots.people["BA"[swapped]]}
        other.people.update({k + "2": v for k, v in slots.people.items() if k == "C"})
        other.values = {f"{k}8": v for k, v in slots.values.items()}
        if draw < 0.32:
            turns2, summary2 = rng.choice(ADD_ONS)
        else:
            opening2, branches2 = rng.choice(SCENARIOS)
            turns2, summary2 = rng.choice(branches2)
            turns2 = [t for t in opening2 + turns2 if not t.startswith("?")]
        swap = {"A": "BA"[not swapped], "B": "AB"[not swapped]}
        extra = [(swap[t[0]], render(t[3:], other, rng)) for t in turns2]
        more = reword(render(summary2, other, rng, flat=False), rng)
        if draw < 0.12:
            rendered, text = extra + rendered, more + " " + text
        else:
            rendered, text = rendered + extra, text + " " + more

    before, after = [], []
    if rng.random() < 0.5:
        before = rng.choice(SMALL_TALK)
    if rng.random() < 0.4:
        after = rng.choice(CLOSING)
    # Small talk draws its own things, so that it may name a second place or food.
    chat = Slots(rng, held_out)
    chat.people = dict(slots.people)
    chat.values = {f"{k}9": v for k, v in slots.values.items()}
    head = [(t[0], render(t[3:], chat, rng)) for t in before]
    tail = [(t[0], render(t[3:], chat, rng)) for t in after]
    lower = rng.random() < 0.1
    lines = []
    for who, said in head + rendered + tail:
        if rng.random() < 0.08 and said[:1].isupper() and not said.startswith(("Hi", "Hey", "Hello", "Oh")):
            first = said.split()[0].rstrip("!?,.'s")
            keep = said.startswith(("I ", "I'", "OK", "TV")) or first in NAMES or first in PROPER
            said = rng.choice(FILLERS) + " " + (said if keep else said[:1].lower() + said[1:])
        if lower and not said.startswith(("I ", "I'", "OK", "TV")):
            first = said.split()[0].rstrip("!?,.'s")
            said = said if first in NAMES or first in PROPER else said[:1].lower() + said[1:]
        if said[-1:] in ".!?":
            noise = rng.choice(NOISE)
            if noise == "!" or said.endswith("?"):
                noise = ""
            said = (said[:-1] if noise and said.endswith(".") else said) + noise
            if rng.random() < 0.08 and said.endswith("."):
                said = said[:-1]
        lines.append(f"{slots.person(who)[0]}: {said}")
    return lines, text, slots.person("A")[0], slots.first or slots.person("B")[0]


PROPER = {word for pool in ("day", "city", "street", "subject") for value in POOLS[pool]
          for word in value.split() if value[0].isupper()}
NAMES = set(FEMALE + MALE + HELD_OUT_FEMALE + HELD_OUT_MALE)


def pair_is_held_out(name, thing):
    return hashlib.sha256(f"{name}|{thing}".encode()).digest()[0] % 8 == 0


def generate(count, seed, held_out, forbidden=()):
    """`count` distinct examples; none whose dialogue text (line ends aside) is in `forbidden`."""
    rng = random.Random(seed)
    seen = set(forbidden)
    result = []
    while len(result) < count:
        lines, summary, name, thing = make_one(rng, held_out)
        if pair_is_held_out(name, thing) != held_out or len(lines) < 3 or len(lines) > 10:
            continue
        key = "\n".join(lines)
        if key in seen:
            continue
        seen.add(key)
        end = "\n" if rng.random() < 0.2 else "\r\n"
        result.append({"summary": summary, "dialogue": end.join(lines)})
    return result


def splits(train_count, seed):
    """The three splits: training, test and calibration examples."""
    test = generate(200, seed + 1, True)
    known = {e["dialogue"].replace("\r\n", "\n") for e in test}
    calibration = generate(200, seed + 2, True, known)
    known |= {e["dialogue"].replace("\r\n", "\n") for e in calibration}
    train = generate(train_count, seed, False, known)
    for tag, part in (("demo-test", test), ("demo-cal", calibration), ("demo-train", train)):
        for number, example in enumerate(part):
            part[number] = {"id": f"{tag}-{number:05d}", **example}
    return train, test, calibration


def write(path, examples):
    text = json.dumps(examples, ensure_ascii=False, indent=1)
    pathlib.Path(path).write_text(text + "\n", encoding="utf-8", newline="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=pathlib.Path(__file__).parent.parent / "demo", type=pathlib.Path)
    parser.add_argument("--train-out", type=pathlib.Path, help="also write the training examples here")
    parser.add_argument("--train-count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=20240)
    arguments = parser.parse_args()
    train, test, calibration = splits(arguments.train_count, arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write(arguments.out / "test.json", test)
    write(arguments.out / "calibration.json", calibration)
    if arguments.train_out:
        write(arguments.train_out, train)


if __name__ == "__main__":
    main()
