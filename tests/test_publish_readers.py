"""Readers of a web server while releases come and go: each page whole, with the assets of its own release."""

import http.client
import multiprocessing
import re
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from peers import back, nginx, publish, site

from rsm_site.publish.folder import FolderHost

READERS, REQUESTS, SWITCHES = 2, 20_000, 20


def read(
    port: int, count: "Synchronized[int]", last: "Synchronized[int]", faults: "multiprocessing.Queue[str]"
) -> None:
    """Read the front page and the style sheet that it names, over and over, until `last` is set and enough was read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def get(path: str) -> tuple[int, str]:
        connection.request("GET", path)
        answer = connection.getresponse()
        count.value += 1
        return answer.status, answer.read().decode()

    while not last.value or count.value < REQUESTS // READERS:
        status, page = get("/index.html")
        named = re.search(r'href="([^"]+)"><h1>([^<]+)</h1>', page)
        if status != 200 or named is None:
            faults.put(f"index.html: {status} {page[:80]}")
            return
        status, style = get(f"/{named[1]}")
        if status != 200 or not style.startswith(f"/* {named[2]} */"):
            faults.put(f"{named[1]} of {named[2]}: {status} {style[:80]}")
            return


def test_no_reader_ever_meets_a_mixture(tmp_path: Path) -> None:
    """20,000 requests over 20 publishes and rollbacks: no error, no page without its assets, none with others'."""
    host = FolderHost(tmp_path / "www", 3, wait=0)
    publish(host, site("0"))
    context = multiprocessing.get_context("fork")
    counts = [context.Value("i", 0, lock=False) for _ in range(READERS)]
    last, faults = context.Value("i", 0, lock=False), context.Queue()
    with nginx(tmp_path / "www/current", tmp_path / "nginx") as port:
        readers = [context.Process(target=read, args=(port, count, last, faults)) for count in counts]
        for reader in readers:
            reader.start()
        for number in range(1, SWITCHES + 1):
            begun = sum(count.value for count in counts)
            while sum(count.value for count in counts) < begun + REQUESTS // SWITCHES and all(
                reader.is_alive() for reader in readers
            ):
                readers[0].join(0.005)
            if number % 4:
                publish(host, site(str(number)))
            else:
                back(host)
        last.value = 1
        for reader in readers:
            reader.join(60)
    assert faults.empty(), faults.get()
    assert [reader.exitcode for reader in readers] == [0] * READERS
    assert sum(count.value for count in counts) >= REQUESTS
