#!/usr/bin/env python3
"""An example provider for Musterpoint: two shelves of boxes, a box a machine.

Speaks version 1 of the protocol of `docs/providers.md` with nothing but Python's standard library. All
that it knows lies in one file, replaced whole and synced, so an act and the record that it was done are
one write: killed at any moment, it can say what became of every key. Whoever acts holds a lock, for an
engine that was killed may have left another process of it behind. Take it apart, and put your own
product where `Shelf` is.
"""

import contextlib
import copy
import fcntl
import json
import os
import pathlib
import sys
import time
from datetime import datetime, timedelta, timezone

VERBS = [
    "process_pending", "shut_down", "take_final", "fail_over", "start", "change_point",
    "roll_back", "commit", "reprotect", "clean_up",
]
SITES = ["upper", "lower"]
BOXES = {"ledger": "books", "letters": "books", "lamp": None}
# Acts that take a while; all others are done when they are answered.
SECONDS = {"fail_over": 0.1, "change_point": 0.05, "reprotect": 0.1}


class Refused(Exception):
    """No, and nothing came about. The first argument is a stable word, the second a sentence."""


class Retry(Refused):
    """Not now, and nothing came about."""


def moment(seconds):
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class Shelf:
    """What is on the shelves, kept in one file."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "shelf.json"
        self.load()

    def load(self):
        self.state = json.loads(self.path.read_text()) if self.path.exists() else self.begin()
        self.replicate()

    @contextlib.contextmanager
    def alone(self):
        """Nobody else acts meanwhile, and what others did is known."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.load()
            yield

    @staticmethod
    def begin():
        box = {
            "site": SITES[0], "on": True, "protection": "protected", "replicates_to": SITES[1],
            "points": [], "target": None, "test": None, "since": 0,
        }
        return {"boxes": {name: {**box, "points": [], "group": group} for name, group in BOXES.items()}, "acts": {}}

    def replicate(self):
        """What runs and is protected has a point every minute, the boxes of a group together. The same
        minute gives the same points, so nothing has to be kept before something is done."""
        minute = int(time.time()) // 60
        for name, box in self.state["boxes"].items():
            if box["protection"] != "protected" or not box["on"] or box["target"]:
                continue
            for number in range(max(box["since"], minute - 5), minute + 1):
                point = {"id": f"{box['group'] or name}-{number}", "at": number * 60, "kind": "crash"}
                box["points"].append({**point, "set": box["group"] and point["id"]})
            box["points"] = box["points"][-12:]
            box["since"] = minute + 1

    def keep(self):
        """Replaces the file whole: it is the old one or the new one, whenever we are killed."""
        part = self.path.with_suffix(".part")
        with open(part, "w") as file:
            json.dump(self.state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def box(self, name):
        if name not in self.state["boxes"]:
            raise Refused("unknown_machine", f"there is no box `{name}` on the shelves")
        return self.state["boxes"][name]

    # What is asked without changing anything.

    def inventory(self):
        vms = {}
        for name, box in self.state["boxes"].items():
            target = box["target"]
            failed_over = target is not None
            vms[name] = {
                "group": box["group"],
                "site": target["site"] if failed_over else box["site"],
                "power": "on" if (target["on"] if failed_over else box["on"]) else "off",
                "protection": "failed_over" if failed_over else box["protection"],
                "address": {site: address(name, site) for site in SITES},
                "points": [
                    {**point, "at": moment(point["at"]), "processed": True, "usable": True}
                    for point in sorted(box["points"], key=lambda point: -point["at"])
                ],
            }
            if box["replicates_to"] and not failed_over:
                vms[name]["replicates_to"] = box["replicates_to"]
            if failed_over:
                vms[name]["left_behind"] = {"site": box["site"], "power": "on" if box["on"] else "off"}
        return {"format": "muster.inventory/1", "now": moment(time.time()), "sites": SITES, "vms": vms}

    def observe(self, machine, test):
        box = self.box(machine)
        copy_of = box["test"] if test else box["target"]
        seen = {"machine": machine, "source_running": box["on"], "target_running": bool(copy_of and copy_of["on"])}
        if copy_of:
            seen["address"] = address(machine, copy_of["site"], test)
            seen["fenced"] = not box["on"]
        return seen

    def probe(self, probe):
        if "heartbeat" in probe:
            name, test = probe["heartbeat"]["machine"], probe["heartbeat"]["test"]
            box = self.box(name)
            beats = box["test"] if test else box["target"] or box
            passed = bool(beats and beats["on"])
            return {"machine": name, "passed": passed, "seen": "it beats" if passed else "nothing beats"}
        wanted = probe["tcp"]["address"] if "tcp" in probe else probe["http"]["url"]
        up = [name for name, box in self.state["boxes"].items() if (box["target"] or box)["on"] and name in wanted]
        return {"passed": bool(up), "seen": f"{up[0]} answers" if up else f"nobody answers at {wanted}"}

    # What tests make: named before it is made, and looked for after it was removed.

    def will_create(self, key, request):
        copies = request["verb"] == "fail_over" and request["mode"] is None
        return {"key": key, "artifacts": [named(request["machine"], key)] if copies else []}

    def remains(self, machines):
        copies = [(name, self.box(name)["test"]) for name in machines]
        return {"machines": machines, "artifacts": [named(name, copy["key"]) for name, copy in copies if copy]}

    # Acts: one effect a key.

    def submit(self, key, request):
        act = self.state["acts"].get(key)
        if act is None:
            seconds = SECONDS.get(request["verb"], 0)
            before = copy.deepcopy(self.state)
            try:
                # What will not be possible is refused before anything is recorded.
                detail = self.effect(key, request)
            except Refused:
                self.state = before
                raise
            if seconds:
                self.state = before
            act = {"request": request, "ready": time.time() + seconds, "detail": None if seconds else detail}
            self.state["acts"][key] = act
            self.keep()
        elif act["request"] != request:
            raise Refused("key_reused", f"the key {key} was used for another act")
        return self.standing(key, act)

    def poll(self, key):
        act = self.state["acts"].get(key)
        if act is None:
            raise Refused("unknown_act", f"there is no act {key}")
        if act["detail"] is None and "error" not in act and time.time() >= act["ready"]:
            before = copy.deepcopy(self.state)
            try:
                act["detail"] = self.effect(key, act["request"])
            except Refused as error:
                self.state = before
                act = self.state["acts"][key]
                act["error"] = wrong(error)
            self.keep()
        return self.standing(key, act)

    def cancel(self, key):
        act = self.state["acts"].get(key)
        if act is None or act["detail"] is not None:
            raise Refused("too_late", f"the act {key} is not going on")
        act["error"] = {"kind": "refused", "code": "cancelled", "message": "it was cancelled, and nothing came about"}
        self.keep()
        return {"key": key}

    def find(self, key):
        act = self.state["acts"].get(key)
        return {"state": "never_arrived", "key": key} if act is None else self.standing(key, act)

    @staticmethod
    def standing(key, act):
        request = act["request"]
        about = {"key": key, "machines": request.get("machines") or [request["machine"]]}
        if "error" in act:
            return {"state": "failed", **about, "error": act["error"]}
        if act["detail"] is not None:
            return {"state": "done", **about, "detail": act["detail"]}
        left = max(0, act["ready"] - time.time())
        return {"state": "running", **about, "handle": f"work-{key[:8]}", "again_in_ms": int(left * 1000) + 1}

    def effect(self, key, request):
        """Does it, in memory, and says what came of it."""
        self.key = key
        if "machines" in request:
            return getattr(self, request["verb"])([self.box(name) for name in request["machines"]], request)
        return getattr(self, request["verb"])(self.box(request["machine"]), request) or {}

    def process_pending(self, boxes, request):
        return {"note": "nothing was pending"}

    def shut_down(self, box, request):
        box["on"] = False
        return {"clean": True}

    def take_final(self, boxes, request):
        if any(box["on"] or box["target"] for box in boxes):
            raise Refused("running", "a final point is taken of what is shut down")
        now = time.time()
        point = {"id": f"final-{int(now * 1000)}", "at": now, "kind": "final"}
        for box in boxes:
            box["points"].append({**point, "set": point["id"] if len(boxes) > 1 else None})
        return {"note": point["id"]}

    def fail_over(self, box, request):
        test, name = request["mode"] is None, request["machine"]
        if request["to"] != box["replicates_to"] or box["protection"] != "protected":
            raise Refused("not_there", f"`{name}` does not replicate to `{request['to']}`")
        if box["test"] if test else box["target"]:
            raise Refused("failed_over", f"`{name}` is there already")
        self.point(box, request["point"])
        copy_of = {"site": request["to"], "on": False, "point": request["point"], "key": self.key}
        box["test" if test else "target"] = copy_of
        return {"address": address(name, request["to"], test)}

    def start(self, box, request):
        target = box["test"] if request["test"] else box["target"]
        if target is None:
            raise Refused("no_target", f"`{request['machine']}` has no copy to start")
        target["on"] = True
        return {"address": address(request["machine"], target["site"], request["test"])}

    def change_point(self, box, request):
        target = self.target(box, request)
        self.point(box, request["point"])
        target.update(on=False, point=request["point"])

    def roll_back(self, box, request):
        self.target(box, request)
        box["target"] = None
        box["on"] = box["on"] or request["start_source"]

    def commit(self, box, request):
        target = self.target(box, request)
        box.update(site=target["site"], on=target["on"], target=None, replicates_to=None)
        box.update(protection="unprotected", points=[])

    def reprotect(self, box, request):
        if box["target"] or box["protection"] != "unprotected" or request["to"] == box["site"]:
            raise Refused("not_committed", f"`{request['machine']}` is not to be protected towards `{request['to']}`")
        now = time.time()
        box.update(protection="protected", replicates_to=request["to"], since=int(now) // 60 + 1)
        box["points"] = [{"id": f"first-{int(now * 1000)}", "at": now, "kind": "crash", "set": None}]

    def clean_up(self, box, request):
        box["test"] = None

    @staticmethod
    def point(box, wanted):
        if all(point["id"] != wanted for point in box["points"]):
            raise Refused("no_such_point", f"there is no point `{wanted}`")

    @staticmethod
    def target(box, request):
        if box["target"] is None:
            raise Refused("not_failed_over", f"`{request['machine']}` is not failed over")
        return box["target"]


def address(name, site, test=False):
    return f"{name}.{'test.' if test else ''}{site}"


def named(name, key):
    return {"machine": name, "kind": "copy", "id": f"{name}-test-{key[:8]}"}


def wrong(error):
    code, message = error.args
    return {"kind": "retry" if isinstance(error, Retry) else "refused", "code": code, "message": message}


def log(text, level="info"):
    print(json.dumps({"log": text, "level": level}), flush=True)


def answer(shelf, call):
    word = call["call"]
    if word == "submit":
        with shelf.alone():
            return shelf.submit(call["key"], call["request"])
    if word in ("poll", "cancel", "find"):
        with shelf.alone():
            return getattr(shelf, word)(call["key"])
    shelf.load()
    if word == "inventory":
        return shelf.inventory()
    if word == "observe":
        return shelf.observe(call["machine"], call["test"])
    if word == "probe":
        return shelf.probe(call["probe"])
    if word == "will_create":
        return shelf.will_create(call["key"], call["request"])
    if word == "remains":
        return shelf.remains(call["machines"])
    raise Refused("unknown_call", f"`{word}` is no call of this version")


def main():
    shelf = None
    for line in sys.stdin:
        call = json.loads(line)
        try:
            if call["call"] == "hello":
                shelf = Shelf(call["folder"])
                log(f"the shelf of {call['estate']} is open to {call['purpose']}")
                said = {
                    "protocol": 1, "name": "shelf", "version": "1.0", "verbs": VERBS,
                    "cancel": True, "probes": True, "simulated": True, "artifacts": True,
                }
            elif call["call"] == "bye":
                said = {}
            else:
                said = answer(shelf, call)
            message = {"id": call["id"], "ok": said}
        except Refused as error:
            message = {"id": call["id"], "error": wrong(error)}
        print(json.dumps(message), flush=True)
        if call["call"] == "bye":
            return


if __name__ == "__main__":
    main()
