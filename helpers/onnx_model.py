"""The default model on ONNX Runtime: the same weights and the same numbers, faster, and without torch.

The graph is written here by hand (a BERT of 6 layers, in ONNX Runtime's own fused operators), because tools
that export bring, or replace, a torch. It is made once and kept in the cache folder: 20 kB, for the weights
stay in the published file, where the graph points at each of them. Compared with sentence-transformers, the
vectors differ by less than 1e-6.

Sources: Devlin et al. 2018, arXiv:1810.04805 (BERT); Reimers and Gurevych 2019, arXiv:1908.10084 (mean over
the tokens); onnxruntime/docs/ContribOperators.md (the fused operators).
"""

import hashlib
import importlib.util
import json
import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .cache_folder import cache_folder

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

NEEDS = ("onnxruntime", "onnx", "tokenizers")
MAX_TOKENS = 256  # sentence_bert_config.json: what is longer is cut off

_EXPORT_VERSION = 1  # part of the cached graph's name: raise it with every change of _graph
_WEIGHTS_FILE = "model.safetensors"
_DIGEST_BYTES = 32  # in the cached file, the sha256 of the graph goes before it


def is_installed() -> bool:
    """Whether what this module needs (the extra ``fast``) is installed; nothing is imported to find out."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDS)


class OnnxModel:
    """all-MiniLM-L6-v2 from `folder`; its weights have the sha256 `weights_hash`, which the caller checks.

    Raises
    ------
    Exception : whatever onnx, ONNX Runtime or tokenizers raise where they do not work on this machine.
    """

    def __init__(self, folder: Path, weights_hash: str) -> None:
        from tokenizers import Tokenizer

        self._folder = folder
        self._graph_file = f"all-MiniLM-L6-v2-{weights_hash[:16]}-{_EXPORT_VERSION}.graph"
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._session = self._open_session()
        _models.add(self)

    def encode(self, texts: Sequence[str], batch_size: int = 32) -> np.ndarray:
        """Return the unit vectors of n texts: (n, 384) float32, in their order. Tokens after MAX_TOKENS are left out.

        Texts with like numbers of tokens share a batch. 8 to 32 in one were equally fast, 128 took 1.3 times
        as long and 256 took 1.6 times (2 cores): what a layer hands to the next no longer fits their caches.
        """
        # One by one: encode_batch starts threads, which then complain in every process that is forked.
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]), reverse=True)
        vectors = [
            self._run([tokens[i] for i in order[start : start + batch_size]])
            for start in range(0, len(order), batch_size)
        ]
        return np.concatenate(vectors)[np.argsort(order)]

    def is_longer(self, text: str) -> bool:
        """Whether the text has more than MAX_TOKENS tokens."""
        return bool(self._tokenizer.encode(text).overflowing)

    def _run(self, tokens: list[list[int]]) -> np.ndarray:
        lengths = np.array([len(ids) for ids in tokens], dtype=np.int32)
        is_token = np.arange(lengths.max()) < lengths[:, None]
        padded = np.zeros(is_token.shape, dtype=np.int32)
        padded[is_token] = np.concatenate(tokens)
        if self._session is None:
            self._session = self._open_session()
        inputs = {"tokens": padded, "segments": np.zeros_like(padded), "lengths": lengths}
        [of_tokens] = self._session.run(None, inputs)
        sums = np.einsum("btd,bt->bd", of_tokens, is_token.astype(np.float32))  # the mean's direction
        return sums / np.linalg.norm(sums, axis=1, keepdims=True)

    def close(self) -> None:
        """Let the session and its threads go; the next text opens another."""
        self._session = None

    def _open_session(self) -> "InferenceSession":
        """A session with the graph from the cache if it is there and whole, else with a new one."""
        path = cache_folder() / self._graph_file
        kept = _kept_graph(path)
        if kept is not None:
            with suppress(Exception):
                return _session(kept, self._folder)
        made = _graph(self._folder / _WEIGHTS_FILE).SerializeToString()
        session = _session(made, self._folder)
        _keep_graph(path, made)
        return session


_models: "weakref.WeakSet[OnnxModel]" = weakref.WeakSet()


def _close_all() -> None:
    for model in list(_models):
        model.close()


if hasattr(os, "register_at_fork"):
    # A forked process has no threads but the one that forked: it would wait for its threads for ever.
    os.register_at_fork(before=_close_all)


def _session(graph: bytes, folder: Path) -> "InferenceSession":
    with _no_telemetry():
        import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors come as exceptions, and need no second telling on stderr
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    # Threads that wait asleep, not spinning: on 2 cores that another process uses too, it halved the time;
    # alone, a batch takes as long and a single text 0.5 ms more. A number of threads, even the one it would
    # choose itself, keeps ONNX Runtime from tying each of them to a core.
    options.intra_op_num_threads = _threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


@contextmanager
def _no_telemetry() -> Iterator[None]:
    """Keep ONNX Runtime from reporting to its makers, if it is first imported within.

    By default it does so from its import on, with a thread and a database of its own (its Privacy.md); later
    it can only be asked for less. A choice of the user's own in ORT_DISABLE_TELEMETRY is left as it is.
    """
    if "ORT_DISABLE_TELEMETRY" in os.environ:
        yield
        return
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        yield
    finally:
        del os.environ["ORT_DISABLE_TELEMETRY"]


def _threads() -> int:
    """As many as the user asks for in OMP_NUM_THREADS, else one for each core that this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kept_graph(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, graph = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return graph if hashlib.sha256(graph).digest() == digest else None


def _keep_graph(path: Path, graph: bytes) -> None:
    """Write the cached file whole or not at all; if it cannot be written, the graph is made next time too."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as draft:
            try:
                draft.write(hashlib.sha256(graph).digest() + graph)
                draft.close()
                os.replace(draft.name, path)
            except BaseException:
                draft.close()
                Path(draft.name).unlink(missing_ok=True)
                raise


def _graph(weights: Path) -> "ModelProto":
    """The model as an ONNX graph that takes its weights from the file `weights` (safetensors).

    Inputs, all int32: tokens (b, t), padded at the end; segments (b, t), zeros; lengths (b,), tokens of each
    text. Output: the last layer's vectors (b, t, 384) float32, those of padding meaningless.
    """
    from onnx import NodeProto, TensorProto, helper

    stored, data_start = _safetensors_header(weights)
    settings = json.loads((weights.parent / "config.json").read_text(encoding="utf-8"))
    nodes: list[NodeProto] = []
    initializers: dict[str, TensorProto] = {}

    def weight(name: str) -> str:
        """A tensor of the weights file, by its name there."""
        start, end = stored[name]["data_offsets"]
        tensor = TensorProto(
            name=name, data_type=TensorProto.FLOAT, dims=stored[name]["shape"], data_location=TensorProto.EXTERNAL
        )
        place = {"location": weights.name, "offset": data_start + start, "length": end - start}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        initializers[name] = tensor
        return name

    def add(operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """A node of the graph; the name of its first output."""
        names = [f"{len(nodes)}.{i}" for i in range(outputs)]
        nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0]

    def fused(operator: str, *inputs: str, **attributes: Any) -> str:
        return add(operator, *inputs, domain="com.microsoft", **attributes)

    def product(x: str, name: str) -> str:
        # The file holds (out, in). ONNX Runtime turns constants round once, when the session opens.
        return add("MatMul", x, add("Transpose", weight(name), perm=[1, 0]))

    def normed_sum(x: str, y: str, norm: str, bias: str) -> str:
        """Layer norm of x + y + bias."""
        return fused(
            "SkipLayerNormalization",
            x,
            y,
            weight(f"{norm}.weight"),
            weight(f"{norm}.bias"),
            weight(bias),
            epsilon=settings["layer_norm_eps"],
        )

    parts = ("word", "position", "token_type")
    embeddings = [weight(f"embeddings.{part}_embeddings.weight") for part in parts]
    x = fused(
        "EmbedLayerNormalization",
        "tokens",
        "segments",
        *embeddings,
        weight("embeddings.LayerNorm.weight"),
        weight("embeddings.LayerNorm.bias"),
        outputs=2,
        epsilon=settings["layer_norm_eps"],
    )
    for number in range(settings["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        heads = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = add("Concat", *[weight(f"{head}.weight") for head in heads], axis=0)
        biases = add("Concat", *[weight(f"{head}.bias") for head in heads], axis=0)
        attended = fused(
            "Attention",
            x,
            add("Transpose", joined, perm=[1, 0]),
            biases,
            "lengths",
            num_heads=settings["num_attention_heads"],
        )
        mixed = f"{layer}.attention.output"
        attended = product(attended, f"{mixed}.dense.weight")
        x = normed_sum(attended, x, f"{mixed}.LayerNorm", f"{mixed}.dense.bias")
        inner = product(x, f"{layer}.intermediate.dense.weight")
        inner = fused("BiasGelu", inner, weight(f"{layer}.intermediate.dense.bias"))
        outer = product(inner, f"{layer}.output.dense.weight")
        x = normed_sum(outer, x, f"{layer}.output.LayerNorm", f"{layer}.output.dense.bias")

    shapes = {"tokens": ["b", "t"], "segments": ["b", "t"], "lengths": ["b"]}
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name, shape in shapes.items()]
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, ["b", "t", settings["hidden_size"]])
    graph = helper.make_graph(nodes, "MiniLM", inputs, [output], initializer=list(initializers.values()))
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=versions, ir_version=8)


def _safetensors_header(weights: Path) -> tuple[dict[str, dict], int]:
    """({name of a tensor: its dtype, shape and data_offsets}, where in the file the offsets begin).

    First comes the header's length (8 bytes, little-endian), then the header (JSON), then the data.
    """
    with open(weights, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length)), 8 + length
