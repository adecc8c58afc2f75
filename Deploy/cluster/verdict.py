"""The verdict of cluster-test.sh: one line of JSON. For each fault, the longest time without an answered write, without
an effect of an event and without a delivery to the subscriber, in seconds."""

import bisect
import json
import pathlib
import sys


def longest_silence(moments, begins, ends):
    """Between two neighbours of which at least the later lies in the window."""
    first = bisect.bisect_left(moments, begins)
    inside = moments[max(0, first - 1) : bisect.bisect_right(moments, ends)]
    edges = [max(moment, begins) for moment in inside] or [begins]
    return round(max(after - before for before, after in zip(edges, [*edges[1:], ends])), 1)


def numbers(path):
    return sorted(float(line) for line in path.read_text().split())


def subscriber(deliveries, archived):
    """What the subscriber noted against what the services announced; the same number again is lawful."""
    events, first, counts = {}, {}, {"lost": 0, "twice": 0, "out_of_order": 0, "number_gaps": 0}
    last, last_position = 0, 0
    for _, number, event, position in deliveries:
        number, position = int(number), int(position)
        if number in first:
            counts["twice"] += first[number] != event
            continue
        first[number] = event
        events.setdefault(event, []).append(number)
        counts["out_of_order"] += number < last or position < last_position
        last, last_position = max(last, number), max(last_position, position)
    counts["number_gaps"] = last - len(first)
    counts["lost"] = len({event for event, _ in archived} - set(events))
    counts["twice"] += sum(len(numbers) - 1 for numbers in events.values())
    return {"deliveries": len(deliveries), "again": len(deliveries) - len(first), **counts}


def main():
    folder, loaded, audited, crowd, audit, partition, timeline, members, seconds = sys.argv[1:]
    folder, crowd, audit = pathlib.Path(folder), json.loads(crowd), json.loads(audit) or {}
    writes, effects = numbers(folder / "writes.log"), numbers(folder / "effects.log")
    deliveries = [line.split() for line in (folder / "deliveries.log").read_text().splitlines()]
    archived = [line.split("\t") for line in (folder / "archived.log").read_text().splitlines()]
    delivered = sorted(float(line[0]) for line in deliveries)
    heard = subscriber(deliveries, archived)
    without = {}
    for line in (folder / "windows.log").read_text().splitlines():
        name, begins, ends = line.split()
        begins, ends = float(begins), float(ends)
        without[name] = {
            "writes_s": longest_silence(writes, begins, ends),
            "effects_s": longest_silence(effects, begins, ends),
            "deliveries_s": longest_silence(delivered, begins, ends),
        }
    faults = set(without) - {"undisturbed"}
    passed = (
        loaded == "true" and audited == "true" and faults == {"broker", "minority", "rolling", "database"}
        and int(timeline) > 1 and int(members) == 3 and heard["deliveries"] > 0
        and not any(heard[name] for name in ("lost", "twice", "out_of_order", "number_gaps"))
    )
    print(json.dumps({
        "verdict": "pass" if passed else "fail",
        "lost": audit.get("lost"), "twice": audit.get("twice"), "out_of_order": audit.get("out_of_order"),
        "dead": audit.get("dead"), "pending": audit.get("pending"), "load": crowd,
        "events_published": audit.get("events_published"), "effects": audit.get("effects"),
        "duplicates_absorbed": audit.get("duplicates_absorbed"), "subscriber": heard, "without": without, "timeline": int(timeline),
        "queue_members": int(members), "partition": partition, "elapsed_s": int(seconds),
    }))


main()
