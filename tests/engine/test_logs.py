"""What a handler's code logs is kept with its attempt, whatever is printed; what it prints comes out line by line."""

import contextlib
import logging
import os
import threading
from collections.abc import Iterator

import pytest

from taskmill.engine.worker.logs import capture
from taskmill.engine.worker.printed import LONGEST, Printed, end_lines
from taskmill.executors.contract import running
from tests.catalogue.attempt import Watcher


@contextlib.contextmanager
def attempt(id: str = "T1") -> Iterator[Watcher]:
    watcher = Watcher(id=id)
    token = running.set(watcher)
    yield watcher
    running.reset(token)


@pytest.fixture
def stream() -> Printed:
    return Printed("stdout", lambda name: f"{name}: ")


def test_a_logger_keeps_what_its_own_level_lets_through_and_prints_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    capture()
    printed: list[str] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", lambda record: printed.append(record.getMessage()))
    parent, child, own = (logging.getLogger(name) for name in ("kept", "kept.child", "kept.own"))
    monkeypatch.setattr(parent, "handlers", [handler])
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    monkeypatch.setattr(own, "level", logging.ERROR)
    logging.getLogger().manager._clear_cache()  # type: ignore[attr-defined]
    with attempt() as kept:
        child.info("below what the root prints")
        child.warning("printed")
        child.debug("below INFO")
        own.warning("below its own level")
        parent.disabled = True
        parent.warning("by a disabled one")
        logging.disable(logging.WARNING)
        child.warning("switched off")
        logging.disable(logging.NOTSET)
    assert kept.lines == ["below what the root prints", "printed", "by a disabled one"]
    child.info("outside of an attempt")
    parent.disabled = False
    child.warning("outside too")
    assert printed == ["printed", "outside too"]


def test_filters_of_a_logger_hold_for_what_is_kept() -> None:
    capture()
    log = logging.getLogger("filtered")
    log.addFilter(lambda record: "secret" not in record.getMessage())
    with attempt() as kept:
        log.warning("a secret")
        log.warning("a word")
    assert kept.lines == ["a word"]


def test_loggers_of_a_class_of_their_own_keep_it_and_are_kept() -> None:
    class Loud(logging.Logger):
        def shout(self, text: str) -> None:
            self.warning(text.upper())

    before = logging.getLoggerClass()
    logging.setLoggerClass(Loud)
    log = logging.getLogger("loud")
    logging.setLoggerClass(before)
    capture()
    assert isinstance(log, Loud)
    with attempt() as kept:
        log.shout("hello")
    assert kept.lines == ["HELLO"]


def test_taskmill_s_own_loggers_cannot_be_disabled(caplog: pytest.LogCaptureFixture) -> None:
    capture()
    log = logging.getLogger("taskmill.worker.of_this_test")
    log.disabled = True
    log.warning("said all the same")
    log.debug("below the level")
    assert caplog.messages == ["said all the same"]


def test_each_line_names_its_attempt_and_waits_for_its_end(stream: Printed, capfd: pytest.CaptureFixture[str]) -> None:
    print("no attempt", file=stream)
    with attempt():
        stream.write("a")
        with attempt("T2"):
            stream.write("b\nbegun")
        stream.write("c\n\n")
        stream.writelines(["d", "\n"])
    assert (
        capfd.readouterr().err
        == "no attempt\nstdout: task T2: b\nstdout: task T1: ac\nstdout: task T1: \nstdout: task T1: d\n"
    )


def test_what_has_no_end_of_line_comes_at_the_end_of_its_attempt_or_by_flush(
    stream: Printed, capfd: pytest.CaptureFixture[str]
) -> None:
    with attempt() as first:
        stream.write("one")
    with attempt("T2"):
        print("two", end="", file=stream, flush=True)
    assert capfd.readouterr().err == "stdout: task T2: two\n"
    end_lines([first])
    end_lines([first])
    assert capfd.readouterr().err == "stdout: task T1: one\n"


def test_a_progress_bar_is_a_line_each_time(stream: Printed, capfd: pytest.CaptureFixture[str]) -> None:
    with attempt():
        for percent in (0, 50, 100):
            stream.write(f"\r{percent} %")
            stream.flush()
        stream.write("\r\nworker-1[7] forged\rover it\n")
    texts = ["0 %", "50 %", "100 %", "", "worker-1[7] forged", "over it"]
    assert capfd.readouterr().err == "".join(f"stdout: task T1: {text}\n" for text in texts)


def test_a_line_without_end_is_bounded(stream: Printed, capfd: pytest.CaptureFixture[str]) -> None:
    with attempt() as one:
        for _ in range(3 * LONGEST // 1024):
            stream.write("x" * 1024)
    end_lines([one])
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) < LONGEST + 2048
    assert sum(line.count("x") for line in lines) == 3 * LONGEST


def test_a_stream_of_ours_is_a_text_stream(stream: Printed, capfd: pytest.CaptureFixture[str]) -> None:
    assert (stream.fileno(), stream.encoding, stream.name, stream.writable()) == (2, "utf-8", "<stdout>", True)
    assert stream.isatty() is os.isatty(2)
    with pytest.raises(TypeError, match="must be str, not bytes"):
        stream.write(b"bytes")  # type: ignore[arg-type]
    stream.reconfigure(line_buffering=True, encoding="utf-8")
    stream.buffer.write("ü\n".encode() + b"\xff\n")
    stream.buffer.close()
    stream.close()
    assert stream.write("half of a \ud83d\n") == 12
    assert capfd.readouterr().err == "ü\n\\xff\nhalf of a \\ud83d\n"


def test_threads_do_not_mix_their_lines(stream: Printed, capfd: pytest.CaptureFixture[str]) -> None:
    def talk(letter: str) -> None:
        with attempt(letter):
            for _ in range(500):
                stream.write(letter * 10)
                stream.write("\n")

    threads = [threading.Thread(target=talk, args=(letter,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(capfd.readouterr().err.splitlines())) == [f"stdout: task {one}: {one * 10}" for one in "ab"]
