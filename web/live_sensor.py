"""One sensor that is watched: its channels at all bin widths that somebody looks at. Without sockets; time is given."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from runtime.live import Received
from web import frames, ladder
from web.decimation import NOTHING, Grid
from web.frames import Frame
from web.level import Level
from web.sensor_clock import SensorClock
from web.spectra import Lines, Piece, Recent

KEPT_S: Final = 30.0  # what nobody looks at any longer: a page that is loaded anew finds it again
_MOST_UNUSED: Final = 64  # levels

Key = tuple[int, int]  # channel, and rung of the ladder of bin widths


class Fresh(NamedTuple):
    """What is new at one bin width of one channel."""

    frames: tuple[Frame, ...]
    from_ns: int  # the earliest time that it is about
    replaced: bool  # nothing that was said before holds


class LiveSensor:
    """Takes batches; gives frames, each encoded once for all who look at that bin width."""

    def __init__(self, serial_number: str) -> None:
        self.serial_number = serial_number
        self.clock = SensorClock()
        self.spectra: dict[int, Frame] = {}  # the newest of each channel
        self.heard_s: float | None = None  # when the newest batch came, and was not given yet
        self._levels: dict[Key, Level] = {}
        self._used_s: dict[Key, float] = {}  # when somebody last looked at it
        self._recent: dict[int, Recent] = {}

    def __len__(self) -> int:
        """Levels that are kept."""
        return len(self._levels)

    def look_at(self, keys: Iterable[Key], used: Collection[Key], reach_ns: int, now_s: float) -> None:
        """Somebody looks at these from now on; bins are kept for so long. used: those that others look at."""
        for key in keys:
            level = self._levels.get(key)
            if level is None:
                level = self._levels[key] = self._begun(*key, reach_ns)
            level.reach_ns = max(level.reach_ns, reach_ns)
            self._used_s[key] = now_s
            if key not in used:
                level.fresh()  # who begins gets everything

    def take(self, received: Received, now_s: float) -> None:
        """A batch: into all levels of its channels."""
        batch = received.batch
        live = self.clock.take(received)
        self.heard_s = now_s
        grids: dict[int, Grid] = {}
        for part in batch.channels:
            recent = self._recent.get(part.channel)
            if recent is None:
                continue
            samples = part.samples()
            recent.add(Piece(batch.start_time_ns, batch.sample_frequency_hz, samples), live=live)
            for (channel, rung), level in self._levels.items():
                if channel != part.channel:
                    continue
                grid = grids.get(rung)
                if grid is None:
                    grid = grids[rung] = Grid(
                        batch.start_time_ns, batch.sample_frequency_hz, batch.sample_count, level.step_ns
                    )
                level.add(grid, samples, live=live)

    def fresh(self, keys: Iterable[Key], *, all_finished: bool = False) -> dict[Key, Fresh]:
        """What is new at these since the last call; all_finished: also bins that more samples may fall into."""
        found: dict[Key, Fresh] = {}
        for key in keys:
            level = self._levels[key]
            parts, replaced = level.fresh(all_finished=all_finished)
            if not parts and not replaced:
                continue
            made: list[Frame] = []
            for bins in parts or [NOTHING]:
                before = level.before(int(bins.times_ns[0])) if len(bins) else None
                made += frames.waveform(key[0], bins, level.step_ns, before, everything=replaced and not made)
            found[key] = Fresh(tuple(made), int(parts[0].times_ns[0]) if parts else 0, replaced)
        if all_finished:
            self.heard_s = None
        return found

    def everything(self, key: Key, span_s: float) -> list[Frame]:
        """All that is known of the newest `span_s`, in place of what was said before."""
        level = self._levels[key]
        held = level.held.times_ns
        bins = level.since(int(held[-1]) - round(span_s * 1e9) if len(held) else 0)
        return frames.waveform(key[0], bins, level.step_ns, everything=True)

    def since(self, key: Key, time_ns: int) -> list[Frame]:
        """What is known from this time on, for who has missed it."""
        level = self._levels[key]
        return frames.waveform(key[0], level.since(time_ns), level.step_ns, level.before(time_ns))

    def stretches(self, channels: Iterable[int]) -> dict[int, Piece]:
        """Samples for spectra of those channels that have new ones."""
        found = {channel: self._recent[channel].stretch() for channel in channels if channel in self._recent}
        return {channel: stretch for channel, stretch in found.items() if stretch is not None}

    def keep_spectra(self, lines: Mapping[int, Lines]) -> dict[int, Frame]:
        """The frames of these; they are kept for who joins."""
        made = {channel: frames.spectrum(channel, *one) for channel, one in lines.items()}
        self.spectra.update(made)
        return made

    def tidy(self, used: Iterable[Key], now_s: float) -> None:
        """Forget what nobody has looked at for a while; `used`: what somebody looks at."""
        for key in used:
            self._used_s[key] = now_s
        unused = sorted(
            (key for key in self._levels if self._used_s[key] < now_s), key=self._used_s.__getitem__
        )
        for at, key in enumerate(unused):
            if now_s - self._used_s[key] > KEPT_S or len(unused) - at > _MOST_UNUSED:
                del self._levels[key], self._used_s[key]
        channels = {channel for channel, _ in self._levels}
        for channel in [channel for channel in self._recent if channel not in channels]:
            del self._recent[channel]
            self.spectra.pop(channel, None)

    def _begun(self, channel: int, rung: int, reach_ns: int) -> Level:
        """A level that begins with what is known of its past."""
        level = Level(ladder.STEPS_NS[rung], reach_ns)
        recent = self._recent.setdefault(channel, Recent())
        finer = [
            one for (of, step), one in self._levels.items() if of == channel and step < rung and len(one)
        ]
        longest = max(finer, key=lambda one: one.length_ns, default=None)
        if longest is not None and longest.length_ns > recent.length_ns:
            level.seed(longest)
            return level
        for run in recent.runs():
            grid = Grid(run.start_ns, run.frequency_hz, len(run.samples), level.step_ns)
            level.add(grid, run.samples, live=True)
        return level
