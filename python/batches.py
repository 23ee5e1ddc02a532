"""The batches of a run: a pure function of seed and step, the same rows that Groundwork makes.

Tokens are read from memory-mapped shards; a process builds only the rows that its devices hold.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from records import Fault

_MASK = 0xFFFFFFFF

# Random numbers --------------------------------------------------------------------------------------------


class RandomStream:
    """sfc32 (Doty-Humphrey, PractRand), seeded from a seed and a name."""

    def __init__(self, seed: int, name: str) -> None:
        a = _mix(seed & _MASK, 0x9E3779B9)
        b = _mix((seed >> 32) & _MASK, 0x243F6A88)
        c = 0xB7E15162
        units = name.encode("utf-16-le")
        for unit in np.frombuffer(units, "<u2").tolist():
            a = _mix(a ^ unit, 0x85EBCA6B)
            b = _mix(b ^ a, 0xC2B2AE35)
            c = _mix(c ^ b, 0x27D4EB2F)
        self._state = (a, b, c, 1)
        # The first outputs still carry structure of the seed.
        for _ in range(12):
            self.next_uint32()

    def next_uint32(self) -> int:
        a, b, c, counter = self._state
        result = (a + b + counter) & _MASK
        rotated = ((c << 21) | (c >> 11)) & _MASK
        self._state = (
            b ^ (b >> 9),
            (c + (c << 3)) & _MASK,
            (rotated + result) & _MASK,
            (counter + 1) & _MASK,
        )
        return result

    def next_integer(self, limit: int) -> int:
        """Uniform over 0 … limit - 1."""
        # The incomplete last block is rejected, so that every value is equally likely.
        bound = 2**32 // limit * limit
        while (value := self.next_uint32()) >= bound:
            pass
        return value % limit


def _mix(value: int, salt: int) -> int:
    h = (value + salt) & _MASK
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & _MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & _MASK
    return h ^ (h >> 16)


class Permutation:
    """A shuffled order of 0 … size - 1 by a Feistel network of six rounds, without a table (see
    Groundwork's).
    """

    def __init__(self, size: int, seed: int, name: str) -> None:
        self.size = size
        half_bits = 4
        while 4**half_bits < size:
            half_bits += 1
        self._half_bits = np.uint64(half_bits)
        self._mask = np.uint32(2**half_bits - 1)
        random = RandomStream(seed, name)
        self._keys = [np.uint32(random.next_uint32()) for _ in range(6)]

    def at(self, places: np.ndarray) -> np.ndarray:
        """What stands at each of the places, int64."""
        values = self._forward(places.astype(np.uint64))
        # A network permutes a power of four; numbers beyond the size are skipped by walking on.
        while (outside := values >= self.size).any():
            values[outside] = self._forward(values[outside])
        return values.astype(np.int64)

    def _forward(self, values: np.ndarray) -> np.ndarray:
        left = (values >> self._half_bits).astype(np.uint32)
        right = values.astype(np.uint32) & self._mask
        for key in self._keys:
            left, right = right, left ^ (_finalise(right ^ key) & self._mask)
        return (left.astype(np.uint64) << self._half_bits) | right


def _finalise(h: np.ndarray) -> np.ndarray:
    """The finaliser of MurmurHash3 on uint32."""
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


# The text --------------------------------------------------------------------------------------------------


class Text:
    """The training part of a dataset: its tokens as one sequence over all shards, read where they are asked
    for.
    """

    def __init__(self, bundle: Path, dataset: dict[str, Any]) -> None:
        self.name = dataset["name"]
        self.begin_token = dataset["beginToken"]
        folder = bundle / dataset["folder"]
        dtype = np.dtype({"uint16": "<u2", "uint32": "<u4"}[dataset["tokenType"]])
        shards = dataset["shards"]
        self._tokens = [_mapped(folder / one["tokens"], dtype, one["numTokens"]) for one in shards]
        self._documents = [(folder / one["documents"], one["numDocuments"]) for one in shards]
        self._first = np.concatenate([[0], np.cumsum([one["numTokens"] for one in shards])]).astype(np.int64)
        self.num_tokens = int(self._first[-1])

    def tokens(self, start: int, length: int) -> np.ndarray:
        """`length` tokens from position `start` on, int32, also across shards."""
        result = np.empty(length, np.int32)
        done = 0
        shard = int(np.searchsorted(self._first, start, side="right")) - 1
        while done < length:
            begin = start + done - int(self._first[shard])
            piece = self._tokens[shard][begin : begin + length - done]
            result[done : done + len(piece)] = piece
            done += len(piece)
            shard += 1
        return result

    def ends_within(self, start: int, length: int) -> np.ndarray:
        """Where documents end behind `start` and before `start + length`, counted from `start`."""
        found = []
        shard = int(np.searchsorted(self._first, start, side="right")) - 1
        while shard < len(self._tokens) and self._first[shard] < start + length:
            ends = self._ends(shard)
            first = int(self._first[shard])
            low, high = np.searchsorted(ends, [start - first, start + length - 1 - first], side="right")
            found.append(ends[low:high].astype(np.int64) + (first - start))
            shard += 1
        return np.concatenate(found)

    @functools.lru_cache(maxsize=None)
    def _ends(self, shard: int) -> np.ndarray:
        path, num_documents = self._documents[shard]
        index = _mapped(path, np.dtype("<u4"), 2 * num_documents)
        return np.ascontiguousarray(index[0::2]).astype(np.int64)


def _mapped(path: Path, dtype: np.dtype, length: int) -> np.ndarray:
    """A file of so many numbers, mapped into memory. Raises `invalid-dataset`."""
    expected = length * dtype.itemsize
    hint = "Copy the dataset again, or make the bundle anew."
    try:
        found = path.stat().st_size
    except OSError as cause:
        message = f"there is no {path}, a part of a dataset ({cause.strerror})"
        raise Fault("invalid-dataset", message, hint) from cause
    if found != expected:
        raise Fault("invalid-dataset", f"{path}: found {found} bytes, expected {expected}", hint)
    return np.memmap(path, dtype, "r") if length > 0 else np.empty(0, dtype)


class Plan(NamedTuple):
    """Which pieces of documents stand in which row: row r holds those from first[r] to first[r + 1] - 1."""

    starts: np.ndarray
    lengths: np.ndarray
    first: np.ndarray


def _read_plan(bundle: Path, rows: dict[str, Any]) -> Plan:
    path, pieces, num_rows = bundle / rows["file"]["path"], rows["numPieces"], rows["numRows"]
    words = _mapped(path, np.dtype("<u4"), 3 * pieces + num_rows + 1)
    return Plan(words[: 2 * pieces].view("<u8"), words[2 * pieces : 3 * pieces], words[3 * pieces :])


class EpochRows:
    """The rows of a dataset, shuffled in each epoch, epoch after epoch without end."""

    def __init__(self, bundle: Path, dataset: dict[str, Any], context_length: int, seed: int) -> None:
        self.text = Text(bundle, dataset)
        self.context_length = context_length
        self.num_rows = dataset["numRows"]
        self.plan = None if dataset["rows"] is None else _read_plan(bundle, dataset["rows"])
        self._seed = seed
        self._name = f"batches/{dataset['fingerprint']}"

    @functools.lru_cache(maxsize=4)
    def order(self, epoch: int) -> Permutation:
        return Permutation(self.num_rows, self._seed, f"{self._name}/rows/{epoch}")

    @functools.lru_cache(maxsize=4)
    def shift(self, epoch: int) -> int:
        """Where an epoch enters the text, which is a ring: the cuts lie elsewhere in each."""
        spread = min(self.context_length, self.text.num_tokens)
        return RandomStream(self._seed, f"{self._name}/shift/{epoch}").next_integer(spread)

    def length(self, number: int) -> int:
        """How many places of a row hold a token."""
        if self.plan is None:
            return min(self.context_length, self.text.num_tokens - number * self.context_length)
        first, end = int(self.plan.first[number]), int(self.plan.first[number + 1])
        return int(self.plan.lengths[first:end].sum())

    def pieces(self, epoch: int, number: int) -> list[tuple[int, int]]:
        """Start and length of what is laid end to end into a row."""
        if self.plan is not None:
            pieces = slice(int(self.plan.first[number]), int(self.plan.first[number + 1]))
            return list(
                zip(self.plan.starts[pieces].tolist(), self.plan.lengths[pieces].tolist(), strict=True)
            )
        length = self.length(number)
        start = (number * self.context_length + self.shift(epoch)) % self.text.num_tokens
        before_end = min(length, self.text.num_tokens - start)
        return [(start, before_end)] + ([(0, length - before_end)] if before_end < length else [])


# The batches -----------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where a row of a batch is from: its dataset, the epoch, and its number before shuffling."""

    dataset: int
    epoch: int
    number: int


BLOCK_ROWS = 1024


class Batches:
    """All batches of a run, found without going through those before."""

    def __init__(self, bundle: Path, manifest: dict[str, Any]) -> None:
        """Raises `invalid-dataset` where a file of a dataset is missing or has another size."""
        batch = manifest["batch"]
        self.batch_size: int = batch["batchSize"]
        self.context_length: int = batch["contextLength"]
        self.has_segments: bool = batch["documentMask"]
        self._seed: int = manifest["seed"]
        datasets = manifest["datasets"]
        self.sources = [EpochRows(bundle, one, self.context_length, self._seed) for one in datasets]
        self._ends = np.cumsum([one["rowsPerBlock"] for one in datasets])
        assert self._ends[-1] == BLOCK_ROWS, f"a block holds {self._ends[-1]} rows"

    @functools.lru_cache(maxsize=8)
    def places(self, step: int) -> list[Place]:
        """Where each row of a batch is from."""
        rows = np.arange(step * self.batch_size, (step + 1) * self.batch_size)
        if len(self.sources) == 1:
            datasets = np.zeros_like(rows)
        else:
            datasets, rows = self._mixed(rows)
        epochs = rows // np.array([source.num_rows for source in self.sources])[datasets]
        numbers = np.empty_like(rows)
        for dataset, epoch in {*zip(datasets.tolist(), epochs.tolist(), strict=True)}:
            chosen = (datasets == dataset) & (epochs == epoch)
            source = self.sources[dataset]
            numbers[chosen] = source.order(epoch).at(rows[chosen] - epoch * source.num_rows)
        return [Place(*one) for one in zip(datasets.tolist(), epochs.tolist(), numbers.tolist(), strict=True)]

    def _mixed(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of rows of the run: their datasets, and how many rows of those the run has served before."""
        datasets, places = np.empty_like(rows), np.empty_like(rows)
        for block in range(int(rows[0]) // BLOCK_ROWS, int(rows[-1]) // BLOCK_ROWS + 1):
            chosen = rows // BLOCK_ROWS == block
            order = Permutation(BLOCK_ROWS, self._seed, f"batches/mixture/{block}")
            place = order.at(rows[chosen] - block * BLOCK_ROWS)
            dataset = np.searchsorted(self._ends, place, side="right")
            counts = np.diff(self._ends, prepend=0)[dataset]
            datasets[chosen] = dataset
            places[chosen] = block * counts + place - (self._ends[dataset] - counts)
        return datasets, places

    def num_tokens(self, step: int) -> int:
        """Tokens that the batch of a step trains on: its places that are not padding."""
        return sum(self.sources[place.dataset].length(place.number) for place in self.places(step))

    def rows(self, step: int, start: int, stop: int) -> dict[str, np.ndarray]:
        """Rows `start` … `stop` - 1 of the batch of a step: tokens, targets, weights (and segments), [rows,
        T].
        """
        shape = (stop - start, self.context_length)
        batch = {name: np.zeros(shape, np.int32) for name in ("tokens", "targets")}
        batch["weights"] = np.zeros(shape, np.float32)
        if self.has_segments:
            batch["segments"] = np.zeros(shape, np.int32)
        for row, place in enumerate(self.places(step)[start:stop]):
            self._write({name: array[row] for name, array in batch.items()}, place)
        return batch

    def _write(self, row: dict[str, np.ndarray], place: Place) -> None:
        source = self.sources[place.dataset]
        text = source.text
        at, segment = 0, 1
        for start, length in source.pieces(place.epoch, place.number):
            # What follows the last document is what follows every document: the beginning of another.
            is_last = start + length == text.num_tokens
            tokens = text.tokens(start, length if is_last else length + 1)
            here = slice(at, at + length)
            row["tokens"][here] = tokens[:length]
            row["targets"][here] = np.append(tokens[1:], text.begin_token) if is_last else tokens[1:]
            row["weights"][here] = 1
            if self.has_segments:
                # A piece of packed documents is of one of them; a cut of the stream may hold several.
                ends = text.ends_within(start, length) if source.plan is None else np.empty(0, np.int64)
                numbers = segment + np.searchsorted(ends, np.arange(length), side="right")
                row["segments"][here] = numbers
                segment = int(numbers[-1]) + 1
            at += length
        row["tokens"][at:] = row["targets"][at:] = text.begin_token
