// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "tests/cli/command_runner.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {
namespace {

class Commands : public testing::Test {
 protected:
    Outcome run(std::vector<std::string> words) {
        words.insert(words.begin() + 1, m_model);
        Outcome outcome = runCommand(words);
        EXPECT_EQ(outcome.exitCode, 0) << outcome.err;
        return outcome;
    }

    fixtures::TempFolder m_folder;
    std::string m_model = fixtures::writeTinyT5(m_folder / "tiny");
};

TEST_F(Commands, InspectCountsEveryNumber) {
    const Json document = run({"inspect", "--json"}).json();
    // embedding and head 2·160·32; an attention 4·24·32 = 3072, a feed-forward 3·64·32 = 6144,
    // norms of 32; two bias tables 32·3.
    const int encoder = 2 * (3072 + 6144 + 2 * 32) + 32;
    const int decoder = 2 * (2 * 3072 + 6144 + 3 * 32) + 32;
    EXPECT_EQ(document["parameters"], 2 * 160 * 32 + encoder + decoder + 2 * 32 * 3);
    const Json& model = document["model"];
    EXPECT_EQ(model["d_model"], 32);
    EXPECT_EQ(model["d_kv"], 8);
    EXPECT_EQ(model["d_ff"], 64);
    EXPECT_EQ(model["num_heads"], 3);
    EXPECT_EQ(model["num_layers"], 2);
    EXPECT_EQ(model["num_decoder_layers"], 2);
    EXPECT_EQ(model["tied_head"], false);
    for (const char* field : {"type", "vocab_size", "feed_forward_proj"})
        EXPECT_TRUE(model.contains(field)) << field;
    // 2 blocks of 4 + 3, 2 of 8 + 3, embedding, head
    EXPECT_EQ(document["matrices"].size(), 14U + 22U + 2U);
    for (const Json& matrix : document["matrices"])
        for (const char* field :
             {"name", "stack", "block", "role", "shape", "dtype", "parameters", "break_even_rank"})
            EXPECT_TRUE(matrix.contains(field)) << field;
    EXPECT_TRUE(document["warnings"].is_array());
    EXPECT_EQ(document["bytes"],
              std::filesystem::file_size(std::filesystem::path(m_model) / "model.safetensors"));
}

TEST_F(Commands, SpectrumAgreesWithItsCsvAndItsOwnNorms) {
    const Json document =
        run({"spectrum", "--targets", "q", "--json", "--out", m_folder / "s.csv"}).json();
    ASSERT_EQ(document["spectra"].size(), 6U);
    std::istringstream csv(fixtures::readFile(m_folder / "s.csv"));
    std::string line;
    std::getline(csv, line);
    EXPECT_EQ(line, "name,index,singular_value,energy,relative_error\r");
    for (const Json& spectrum : document["spectra"]) {
        double squares = 0, sum = 0;
        int index = 0;
        for (const Json& value : spectrum["singular_values"]) {
            std::getline(csv, line);
            std::istringstream cells(line);
            std::string name, number, text;
            std::getline(cells, name, ',');
            std::getline(cells, number, ',');
            std::getline(cells, text, ',');
            EXPECT_EQ(name, spectrum["name"].get<std::string>());
            EXPECT_EQ(number, std::to_string(++index));
            EXPECT_EQ(std::stod(text), value.get<double>());
            squares += value.get<double>() * value.get<double>();
            sum += value.get<double>();
        }
        EXPECT_EQ(index, 24);  // q is [24, 32]
        EXPECT_NEAR(spectrum["frobenius_norm"].get<double>(), std::sqrt(squares), 1e-12);
        EXPECT_NEAR(spectrum["nuclear_norm"].get<double>(), sum, 1e-12);
        for (const char* field :
             {"spectral_norm", "stable_rank", "effective_rank", "participation_ratio",
              "numerical_rank", "marchenko_pastur", "gavish_donoho", "direct"})
            EXPECT_TRUE(spectrum.contains(field)) << field;
        for (const char* energy : {"0.9", "0.95", "0.99"})
            EXPECT_TRUE(spectrum["energy_ranks"].contains(energy));
    }
    EXPECT_FALSE(std::getline(csv, line) && !line.empty());
    const Json again = run({"spectrum", "--targets", "q", "--json"}).json();
    EXPECT_EQ(again["from_cache"], 6);
    EXPECT_EQ(again["spectra"], document["spectra"]);
    EXPECT_EQ(run({"spectrum", "--targets", "q", "--json", "--no-cache"}).json()["from_cache"], 0);
}

TEST_F(Commands, SpectrumFrobeniusNormIsThatOfTheWeights) {
    const std::string name = "encoder.block.0.layer.0.SelfAttention.q.weight";
    double squares = 0;
    for (const auto& tensor : fixtures::tinyTensors({}))
        if (tensor.name == name)
            for (const double value : tensor.values) {
                const double stored = static_cast<float>(value);
                squares += stored * stored;
            }
    const Json spectrum = run({"spectrum", "--targets", name, "--json"}).json()["spectra"][0];
    EXPECT_NEAR(spectrum["frobenius_norm"].get<double>() / std::sqrt(squares), 1.0, 1e-12);
}

TEST_F(Commands, SpectrumWritesHdf5) {
    run({"spectrum", "--targets", "q", "--out", m_folder / "s.h5"});
    EXPECT_EQ(fixtures::readFile(m_folder / "s.h5").substr(1, 3), "HDF");
}

TEST_F(Commands, CurveFollowsFromTheSpectrum) {
    const std::string name = "decoder.block.1.layer.1.EncDecAttention.v.weight";
    const auto values = run({"spectrum", "--targets", name, "--json"})
                            .json()["spectra"][0]["singular_values"]
                            .get<std::vector<double>>();
    const Json curve =
        run({"curve", "--targets", name, "--ranks", "0:100:8", "--json"}).json()["curves"][0];
    EXPECT_EQ(curve["ranks"], (Json{0, 8, 16, 24}));
    double whole = 0;
    for (const double value : values) whole += value * value;
    for (std::size_t i = 0; i < 4; ++i) {
        double tail = 0;
        for (std::size_t at = 8 * i; at < values.size(); ++at) tail += values[at] * values[at];
        EXPECT_NEAR(curve["frobenius_error"][i].get<double>(), std::sqrt(tail), 1e-12);
        EXPECT_NEAR(curve["relative_error"][i].get<double>(), std::sqrt(tail / whole), 1e-12);
        EXPECT_NEAR(curve["energy"][i].get<double>(), 1 - tail / whole, 1e-12);
    }
}

TEST_F(Commands, EventsAreOneJsonObjectALine) {
    const auto events = run({"spectrum", "--targets", "k", "--events", "--no-cache"}).events();
    int spectra = 0;
    for (const Json& event : events) {
        const auto kind = event.at("event").get<std::string>();
        if (kind == "progress") {
            EXPECT_GE(event.at("fraction").get<double>(), 0.0);
            EXPECT_LE(event.at("fraction").get<double>(), 1.0);
            EXPECT_TRUE(event.at("label").is_string());
        }
        spectra += kind == "spectrum" ? 1 : 0;
    }
    EXPECT_EQ(spectra, 6);
    ASSERT_EQ(events.back()["event"], "done");
    EXPECT_EQ(events.back()["result"]["spectra"].size(), 6U);
}

TEST_F(Commands, APlanFileSaysTheSameAgain) {
    const Json plan = run({"plan", "--targets", "q,k", "--energy", "0.9", "--storage", "pivoted",
                           "--json", "--out", m_folder / "plan.json"})
                          .json();
    for (const Json& entry : plan["entries"])
        EXPECT_LE(entry["relative_error"].get<double>(), std::sqrt(0.1) + 1e-12);
    const Json again = run({"plan", "--plan", m_folder / "plan.json", "--json"}).json();
    EXPECT_EQ(again["entries"], plan["entries"]);
    EXPECT_EQ(again["parameters"], plan["parameters"]);
}

TEST(Allocations, KeepTheBudgetOfTheDemoAndWaterFillingLosesLeast) {
    // Uniform plans know their errors only from spectra that are there already.
    ASSERT_EQ(runCommand({"spectrum", "demo", "--quiet"}).exitCode, 0);
    for (const std::string storage : {"auto", "factored"}) {
        for (const std::string budget : {"0.5", "0.8"}) {
            std::map<std::string, double> squares;
            for (const std::string name :
                 {"uniform", "energy", "effective-rank", "water-filling"}) {
                const Outcome planned = runCommand({"plan", "demo", "--budget", budget, "--storage",
                                                    storage, "--allocation", name, "--json"});
                ASSERT_EQ(planned.exitCode, 0) << planned.err;
                const Json plan = planned.json();
                EXPECT_EQ(plan["allocation"], name);
                EXPECT_LE(plan["parameters"]["stored"].get<double>(),
                          std::stod(budget) * plan["parameters"]["dense"].get<double>());
                for (const Json& entry : plan["entries"])
                    squares[name] += std::pow(entry["relative_error"].get<double>(), 2);
            }
            EXPECT_LT(squares["water-filling"], squares["uniform"]) << storage << budget;
            EXPECT_LT(squares["water-filling"], squares["energy"]) << storage << budget;
            EXPECT_LT(squares["water-filling"], squares["effective-rank"]) << storage << budget;
        }
    }
}

TEST(Allocations, SayWhichBudgetsCanBePaid) {
    for (const std::string name : {"uniform", "energy", "effective-rank", "water-filling"}) {
        const Outcome run =
            runCommand({"plan", "demo", "--budget", "0.2", "--allocation", name, "--json"});
        EXPECT_EQ(run.exitCode, 2);
        EXPECT_EQ(run.out, "");
        EXPECT_THAT(run.err, testing::HasSubstr("the permitted range is 0.")) << run.err;
    }
}

TEST(Allocations, GiveATypeOneRankAndNoneAboveTheCap) {
    for (const std::string name : {"uniform", "energy", "effective-rank", "water-filling"}) {
        const Outcome run =
            runCommand({"plan", "demo", "--budget", "0.6", "--allocation", name, "--groups", "type",
                        "--max-rank", "60", "--min-rank", "4", "--multiple-of", "4", "--json"});
        ASSERT_EQ(run.exitCode, 0) << run.err;
        const Json plan = run.json();
        EXPECT_LE(plan["parameters"]["stored"].get<double>(),
                  0.6 * plan["parameters"]["dense"].get<double>());
        std::map<std::string, std::int64_t> ranks;  // by name without the block
        for (const Json& entry : plan["entries"]) {
            const auto rank = entry["rank"].get<std::int64_t>();
            EXPECT_LE(rank, 60);
            EXPECT_EQ(rank % 4, 0);
            EXPECT_FALSE(entry["kept"].get<bool>());
            auto type = entry["name"].get<std::string>();
            type.erase(type.find("block."), 7);
            EXPECT_EQ(ranks.try_emplace(type, rank).first->second, rank) << name << type;
        }
        EXPECT_EQ(ranks.size(), 18U);  // 7 of the encoder, 11 of the decoder
    }
}

TEST(Allocations, HaveTheSameBoundsInAFront) {
    const std::vector<std::string> bounds = {"--groups", "type", "--max-rank", "60"};
    std::vector<std::string> words = {
        "pareto",    "demo", "--data",        DEMO_FOLDER "/test.json",
        "--limit",   "1",    "--metrics",     "loss",
        "--methods", "svd",  "--allocations", "water-filling",
        "--budgets", "0.7",  "--plans",       "--no-cache",
        "--json"};
    words.insert(words.end(), bounds.begin(), bounds.end());
    const Outcome front = runCommand(words);
    ASSERT_EQ(front.exitCode, 0) << front.err;
    words = {"plan", "demo", "--budget", "0.7", "--allocation", "water-filling", "--json"};
    words.insert(words.end(), bounds.begin(), bounds.end());
    const Outcome plan = runCommand(words);
    ASSERT_EQ(plan.exitCode, 0) << plan.err;
    EXPECT_EQ(front.json()["points"][0]["plan"]["entries"], plan.json()["entries"]);
}

TEST(Allocations, AreTakenByCompressAndRandomVectors) {
    const fixtures::TempFolder folder;
    const Outcome done =
        runCommand({"compress", "demo", "--budget", "0.7", "--allocation", "water-filling",
                    "--allocation-error", "raw", "--json", "--out", folder / "small"});
    ASSERT_EQ(done.exitCode, 0) << done.err;
    const Json parameters = done.json()["parameters"];
    EXPECT_LE(parameters["stored"].get<double>(), 0.7 * parameters["dense"].get<double>());
    EXPECT_EQ(done.json()["verified"], true);
    const Outcome vectors =
        runCommand({"random-vectors", "demo", "--budget", "0.7", "--targets", "ffn", "--allocation",
                    "energy", "--vectors", "10", "--json"});
    EXPECT_EQ(vectors.exitCode, 0) << vectors.err;
}

TEST_F(Commands, CompressedFolderOpensAgain) {
    const Json done = run({"compress", "--targets", "q", "--rank", "5", "--storage", "factored",
                           "--json", "--out", m_folder / "small"})
                          .json();
    EXPECT_EQ(done["verified"], true);
    // six q of [24, 32]: 5·(24 + 32) instead of 24·32
    const auto dense = done["parameters"]["dense"].get<int>();
    EXPECT_EQ(done["parameters"]["stored"], dense - 6 * (24 * 32 - 5 * (24 + 32)));
    for (const Json& layer : done["layers"])
        EXPECT_NEAR(layer["relative_error"].get<double>(), layer["predicted_error"].get<double>(),
                    1e-5);
    const Outcome inspected = runCommand({"inspect", m_folder / "small", "--json"});
    ASSERT_EQ(inspected.exitCode, 0) << inspected.err;
    EXPECT_EQ(inspected.json()["parameters"], done["parameters"]["stored"]);
    const Outcome spectrum =
        runCommand({"spectrum", m_folder / "small", "--targets", "q", "--json"});
    ASSERT_EQ(spectrum.exitCode, 0) << spectrum.err;
    const Json spectraOf = spectrum.json()["spectra"];
    for (const Json& element : spectraOf) {
        const double first = element["singular_values"][0].get<double>();
        EXPECT_GT(element["singular_values"][4].get<double>(), 1e-3 * first);
        EXPECT_LT(element["singular_values"][5].get<double>(), 1e-5 * first);
    }
    const Outcome refused =
        runCommand({"compress", m_model, "--rank", "4", "--out", m_folder / "small"});
    EXPECT_EQ(refused.exitCode, 1);
    EXPECT_THAT(refused.err, testing::HasSubstr("small"));
}

TEST_F(Commands, RandomVectorsAgreeAtFullRank) {
    const Json results = run({"random-vectors", "--targets", "wo", "--rank", "32", "--vectors",
                              "50", "--distribution", "normal", "--json"})
                             .json()["results"];
    ASSERT_EQ(results.size(), 4U);
    for (const Json& result : results) {
        EXPECT_EQ(result["rank"], 32);
        EXPECT_EQ(result["vectors"], 50);
        EXPECT_NEAR(result["cosine_mean"].get<double>(), 1.0, 1e-9);
        EXPECT_NEAR(result["cosine_pooled"].get<double>(), 1.0, 1e-9);
        EXPECT_NEAR(result["predicted_cosine"].get<double>(), 1.0, 1e-9);
        EXPECT_LT(result["relative_error"].get<double>(), 1e-6);
    }
}

TEST(Doctor, SaysWhatIsInForce) {
    const Outcome run = runCommand({"doctor", "--json"});
    ASSERT_EQ(run.exitCode, 0) << run.err;
    const Json facts = run.json();
    EXPECT_EQ(facts["libtorch"]["available"], true);
    EXPECT_FALSE(facts["libtorch"]["version"].get<std::string>().empty());
    EXPECT_GE(facts["libtorch"]["threads"].get<int>(), 1);
    EXPECT_TRUE(facts["missing"].is_array());
    const Outcome without =
        runCommand({"doctor", "--json"}, {.environment = {"RANKSCOPE_BACKEND=/nonexistent"}});
    ASSERT_EQ(without.exitCode, 0) << without.err;
    EXPECT_EQ(without.json()["libtorch"]["available"], false);
    EXPECT_GE(without.json()["missing"].size(), 1U);
}

}  // namespace
}  // namespace rankscope::cli_test
