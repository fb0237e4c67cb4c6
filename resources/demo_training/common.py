# SPDX-License-Identifier: Apache-2.0
"""What training and evaluation share: the tokenizer files, the model's shape, batches."""

import base64
import io
import json
import pathlib

import sentencepiece
import torch
import transformers

PREFIX = "summarize: "
SENTINELS = 100
CONFIG = {
    "architectures": ["T5ForConditionalGeneration"],
    "classifier_dropout": 0.0,
    "d_ff": 192,
    "d_kv": 24,
    "d_model": 96,
    "decoder_start_token_id": 0,
    "dense_act_fn": "gelu_new",
    "dropout_rate": 0.0,
    "eos_token_id": 1,
    "feed_forward_proj": "gated-gelu",
    "initializer_factor": 1.0,
    "is_encoder_decoder": True,
    "is_gated_act": True,
    "layer_norm_epsilon": 1e-06,
    "model_type": "t5",
    "n_positions": 512,
    "num_decoder_layers": 2,
    "num_heads": 4,
    "num_layers": 3,
    "output_past": True,
    "pad_token_id": 0,
    "relative_attention_max_distance": 128,
    "relative_attention_num_buckets": 32,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "transformers_version": "4.57.0",
    "use_cache": True,
    "vocab_size": None,
}
GENERATION = {
    "_from_model_config": True,
    "decoder_start_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 0,
    "transformers_version": "4.57.0",
}


def write_json(path, value, indent=2):
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    pathlib.Path(path).write_text(text + "\n", encoding="utf-8", newline="\n")


def train_vocabulary(folder, sentences, pieces):
    """Train spiece.model and write the Hugging Face files that say the same."""
    printable = "".join(chr(c) for c in range(33, 127))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,  # no prefix: the path would stand in the file
        model_type="unigram",
        vocab_size=pieces,
        normalization_rule_name="nmt_nfkc",
        character_coverage=1.0,
        required_chars=printable,
        byte_fallback=False,
        add_dummy_prefix=True,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        pad_piece="<pad>", eos_piece="</s>", unk_piece="<unk>",
        num_threads=1,
        minloglevel=1,
    )
    (folder / "spiece.model").write_bytes(model.getvalue())
    write_tokenizer(folder)


def field_bytes(data, *numbers):
    """The bytes of a nested length-delimited protocol-buffer field, by its field numbers."""
    for number in numbers:
        position, found = 0, None
        while position < len(data):
            tag, position = varint(data, position)
            kind = tag & 7
            if kind == 0:
                _, position = varint(data, position)
            elif kind == 1:
                position += 8
            elif kind == 5:
                position += 4
            else:
                size, position = varint(data, position)
                if tag >> 3 == number:
                    found = data[position:position + size]
                position += size
        data = found
    return data


def varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position


def write_tokenizer(folder):
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    # ModelProto.normalizer_spec (3) . precompiled_charsmap (2)
    charsmap = field_bytes((folder / "spiece.model").read_bytes(), 3, 2)
    vocabulary = [[processor.id_to_piece(i), processor.get_score(i)] for i in range(len(processor))]
    sentinels = [f"<extra_id_{SENTINELS - 1 - i}>" for i in range(SENTINELS)]
    special = [(i, processor.id_to_piece(i), False) for i in range(3)]
    special += [(len(processor) + i, s, True) for i, s in enumerate(sentinels)]
    vocabulary += [[s, 0.0] for s in sentinels]
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    a, b = ({"Sequence": {"id": i, "type_id": 0}} for i in "AB")
    end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
    write_json(folder / "tokenizer.json", {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": text, "single_word": False, "lstrip": strip, "rstrip": strip,
             "normalized": False, "special": True} for i, text, strip in special],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()},
            {"type": "Strip", "strip_left": False, "strip_right": True},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"}]},
        "pre_tokenizer": metaspace,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [a, end],
            "pair": [a, end, b, end],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 2, "vocab": vocabulary, "byte_fallback": False},
    }, indent=1)
    ordered = [f"<extra_id_{i}>" for i in range(SENTINELS)]
    write_json(folder / "tokenizer_config.json", {
        "added_tokens_decoder": {
            str(i): {"content": text, "lstrip": strip, "normalized": False, "rstrip": strip,
                     "single_word": False, "special": True} for i, text, strip in special},
        "additional_special_tokens": ordered,
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "extra_ids": SENTINELS,
        "model_max_length": 512,
        "pad_token": "<pad>",
        "sp_model_kwargs": {},
        "tokenizer_class": "T5Tokenizer",
        "unk_token": "<unk>",
    })
    write_json(folder / "special_tokens_map.json", {
        "additional_special_tokens": ordered,
        "eos_token": {"content": "</s>", "lstrip": False, "normalized": False, "rstrip": False,
                      "single_word": False},
        "pad_token": {"content": "<pad>", "lstrip": False, "normalized": False, "rstrip": False,
                      "single_word": False},
        "unk_token": {"content": "<unk>", "lstrip": False, "normalized": False, "rstrip": False,
                      "single_word": False},
    })


def write_config(folder, vocabulary):
    write_json(folder / "config.json", {**CONFIG, "vocab_size": vocabulary})
    write_json(folder / "generation_config.json", GENERATION)


def new_model(vocabulary):
    options = {k: v for k, v in CONFIG.items()
               if k not in ("architectures", "model_type", "torch_dtype", "transformers_version",
                            "dense_act_fn", "is_gated_act", "output_past")}
    model = transformers.T5ForConditionalGeneration(
        transformers.T5Config(**{**options, "vocab_size": vocabulary}))
    # Newer libraries tie the head to the embedding whatever the configuration says, and older ones
    # start an untied head far too loud for so narrow a model: give both their own start.
    head = torch.empty_like(model.shared.weight).normal_(std=CONFIG["d_model"] ** -0.5)
    model.lm_head.weight = torch.nn.Parameter(head)
    torch.nn.init.normal_(model.shared.weight, std=1.0)
    assert model.lm_head.weight is not model.shared.weight
    assert not getattr(model.config, "scale_decoder_outputs", False)
    return model


def examples(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def encode(processor, text):
    return processor.encode(text) + [1]


def batch(pairs):
    """(input ids, mask, labels) as tensors from a list of (source ids, target ids)."""
    width = max(len(s) for s, _ in pairs)
    height = max(len(t) for _, t in pairs)
    ids = torch.tensor([s + [0] * (width - len(s)) for s, _ in pairs])
    labels = torch.tensor([t + [-100] * (height - len(t)) for _, t in pairs])
    return {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": labels}
