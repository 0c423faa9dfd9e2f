"""The operator's page in words: what is wrong and what to do about it, states, and what came of a replay."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from services.sales.queries.tills import Till
from services.sales.web.words import trouble
from shared.alarms import Alarm
from shared.clock import MAKASSAR, now
from shared.errors import Conflict, NotFound, Problem
from shared.web.language import moment, number, span, t


def alarm(one: Alarm) -> tuple[str, str]:
    """What is wrong, and what to do first; each a sentence or two."""
    events = t("{n} peristiwa", "{n} events", n=number(one.count)) if one.count != 1 else t("1 peristiwa", "1 event")
    facts = {"service": one.service, "source": one.source, "events": events, "what": one.what}
    wrong, remedy = (t(*words, time=span(one.seconds), **facts) for words in _ALARMS[one.name])
    return wrong[:1].upper() + wrong[1:], remedy


#: By the names of shared/alarms.py: what is wrong, what to do; each in Indonesian and English.
_ALARMS = {
    "LapakNoFigures": (
        ("{service} tidak menjawab ({what}).", "{service} does not answer ({what})."),
        (
            "Periksa proses web-nya dan basis datanya. Layanan lain tetap berjalan.",
            "Look at its web process and its database. The other services go on.",
        ),
    ),
    "LapakRelayWithoutLeader": (
        (
            "Tidak ada relay {service} yang memimpin; di outbox-nya {events}.",
            "No relay of {service} leads; in its outbox: {events}.",
        ),
        ("Jalankan courier-nya. Tidak ada yang hilang.", "Start its courier. Nothing is lost."),
    ),
    "LapakOutboxOld": (
        (
            "{events} di outbox {service} tidak masuk ke log, sudah {time}.",
            "{events} in the outbox of {service} have not got into its log for {time}.",
        ),
        (
            "Baca log courier-nya, lalu cari kunci yang lama dipegang di basis data.",
            "Read its courier's log; then look for a lock that is held for long in its database.",
        ),
    ),
    "LapakConsumerHalted": (
        (
            "{service} berhenti mendengarkan {source}: {what}",
            "{service} stopped listening to {source}: {what}",
        ),
        (
            "Apakah {source} dipulihkan dari cadangan? Kalau ya, mulai epoch baru.",
            "Was {source} restored from a backup? Then begin a new epoch.",
        ),
    ),
    "LapakBatchesRefused": (
        (
            "{service} menolak kiriman di antreannya yang mengaku dari {source}: {what}",
            "{service} refused what claimed on its queue to be from {source}: {what}",
        ),
        (
            "Tidak ada yang hilang. Siapa selain courier {source} menulis ke Redis? Saat ganti versi: tunggu.",
            "Nothing is lost. Who but the courier of {source} writes to Redis? During an upgrade: wait.",
        ),
    ),
    "LapakConsumerBehind": (
        (
            "{service} tertinggal {events} dari {source}, sudah {time}.",
            "{service} is {events} behind {source}, for {time} now.",
        ),
        (
            "Apakah worker dan courier {service} hidup, dan web {source} menjawab?",
            "Are the worker and the courier of {service} up, and does the web of {source} answer?",
        ),
    ),
    "BehindForNow": (
        (
            "{service} tertinggal {events} dari {source}, baru {time}.",
            "{service} is {events} behind {source}, for {time} so far.",
        ),
        ("Biasanya mengejar sendiri. Tunggu sebentar.", "It usually catches up by itself. Wait a moment."),
    ),
    "LapakSourceUnseen": (
        (
            "{service} sudah {time} tidak menengok log {source}: ketertinggalannya tidak diketahui.",
            "{service} has not looked at the log of {source} for {time}: its lag is not known.",
        ),
        (
            "Courier {service} mati atau beku, atau web {source} tidak menjawab.",
            "The courier of {service} is down or frozen, or the web of {source} does not answer.",
        ),
    ),
    "LapakDeadLetters": (
        (
            "{events} dari {source} gagal diproses di {service}.",
            "{events} from {source} failed in {service}.",
        ),
        ("Perbaiki sebabnya, lalu proses ulang.", "Mend the cause, then replay."),
    ),
    "LapakParkedLong": (
        (
            "{events} dari {source} menunggu di {service}, yang tertua sudah {time}.",
            "{events} from {source} wait in {service}, the oldest for {time}.",
        ),
        (
            "Sebabnya belum datang: cari ketertinggalan, atau yang gagal diproses, di {service}.",
            "Their cause has not come: look for lag, or for a dead letter, in {service}.",
        ),
    ),
    "NoWorker": (
        ("Tidak ada worker {service} yang tersambung.", "No worker of {service} is connected."),
        (
            "Jalankan satu. Sementara itu courier-nya mengambil peristiwa, lebih lambat.",
            "Start one. Meanwhile its courier brings the events, more slowly.",
        ),
    ),
    "ProcessQuiet": (
        (
            "Proses {service} tidak bersuara sudah {time}: {what}.",
            "A process of {service} has said nothing for {time}: {what}.",
        ),
        (
            "Beku, macet, atau terputus dari jaringan. Kalau tidak pulih, hentikan; ia akan dijalankan lagi.",
            "Frozen, hanging, or cut off. If it does not come back, end it; it is started again.",
        ),
    ),
    "RedisAway": (
        ("Redis tidak menjawab {service}.", "Redis does not answer {service}."),
        (
            "Tidak ada yang hilang: peristiwa lewat jalan lambat. Jalankan Redis.",
            "Nothing is lost: events take the slow way. Start Redis.",
        ),
    ),
}


def registers(tills: Sequence[Till]) -> list[str]:
    """What is the matter with registers, each kind of trouble a sentence."""
    found: dict[str, list[str]] = {}
    for till in tills:
        for name in till.troubles:
            found.setdefault(name, []).append(till.row.code)
    return [
        f"{trouble(name)}: {', '.join(codes[:4])}{' …' if len(codes) > 4 else ''} ({number(len(codes))})"
        for name, codes in found.items()
    ]


def state(name: str, seconds: float) -> str:
    """How a consumer stands with a source, in a word or two."""
    return {
        "calm": t("lancar", "flows"),
        "behind": t("tertinggal {time}", "behind {time}", time=span(seconds)),
        "late": t("tertinggal {time}", "behind {time}", time=span(seconds)),
        "halted": t("berhenti", "halted"),
        "unknown": t("tidak diketahui", "not known"),
    }[name]


def since(instant: str) -> float:
    """Seconds since an instant of an answer."""
    return max((now() - datetime.fromisoformat(instant)).total_seconds(), 0.0)


def at(instant: str) -> Markup:
    """An instant of an answer, for people."""
    return moment(datetime.fromisoformat(instant))


def clock(instant: datetime) -> str:
    """The time of day in Makassar, to the second."""
    return f"{instant.astimezone(MAKASSAR):%H:%M:%S}"


def short(event_type: str) -> str:
    """`sales.SaleRecorded` of `lapak.sales.SaleRecorded.v1`."""
    return event_type.removeprefix("lapak.").rsplit(".v", 1)[0]


def readable(event: Mapping[str, Any]) -> str:
    """A redacted event, line by line."""
    return json.dumps({name: value for name, value in event.items() if name != "hidden"}, indent=2, ensure_ascii=False)


def letter_state(name: str) -> str:
    """What became of a dead letter."""
    return {
        "open": t("terbuka", "open"),
        "replayed": t("diproses ulang", "replayed"),
        "discarded": t("dibuang", "discarded"),
    }[name]


def outcome(args: Mapping[str, Any]) -> list[str]:
    """What just came of a replay or discard; empty when nothing was done."""
    if args["discarded"] is not None:
        return [t("{n} dibuang.", "{n} discarded.", n=number(args["discarded"]))]
    if args["replayed"] is None:
        return []
    said: list[tuple[int, Callable[[str], str]]] = [
        (args["replayed"], lambda n: t("{n} berhasil diproses ulang.", "{n} replayed.", n=n)),
        (args["parked"], lambda n: t("{n} menunggu sebabnya.", "{n} wait for their cause.", n=n)),
        (
            args["failed"],
            lambda n: t("{n} gagal lagi; sebabnya belum hilang.", "{n} failed again; mend the cause.", n=n),
        ),
    ]
    return [say(number(count)) for count, say in said if count] or [t("Tidak ada yang terbuka.", "None was open.")]


def refused(problem: Problem) -> str:
    """Why nothing came of it, in a sentence."""
    if isinstance(problem, NotFound):
        return t("Tidak ada lagi.", "It is not there any more.")
    if isinstance(problem, Conflict):
        return t("Sudah diputuskan dengan cara lain.", "It was dealt with in another way already.")
    if "note" in problem.extra.get("errors", ()):
        return t("Tulis alasannya, paling banyak 500 huruf.", "Write why, in at most 500 letters.")
    return t(
        "Layanan itu tidak menjawab ({why}). Tekan lagi: tidak ada yang diproses dua kali.",
        "The service does not answer ({why}). Press again: nothing takes effect twice.",
        why=problem.detail,
    )
