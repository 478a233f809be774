"""What one SOAP call costs the client: our session beside the floor, zeep and onvif-zeep, in one pool against the lab.

    python -m benchmarks.soap                     200 cameras, 2 processes of 16 threads
    python -m benchmarks.soap --cameras 20 --processes 1 --threads 1

The floor is http.client and lxml: sign, send, receive, parse, find the first element. CPU is that of the threads that
call, construction of a client reported apart. The lab runs in a process of its own on the same processors.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import logging
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from lxml import etree

from fleetctl.lab import control
from fleetctl.model import Access, Device, Endpoint, Kind

USER: Final = "admin"
PASSWORD: Final = "Long-Bien.2026"
CALLS: Final = (
    ("tds", "GetDeviceInformation"),
    ("tds", "GetNetworkInterfaces"),
    ("trt", "GetVideoEncoderConfigurations"),
    ("trt", "GetProfiles"),
)
_PATHS: Final = {"tds": "/onvif/device_service", "trt": "/onvif/media_service"}
_NAMESPACES: Final = {
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
}
_WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"

# A client: (address, port) -> one call of (service, operation) that returns when the answer is read.
Call = Callable[[str, str], Any]


def floor(address: str, port: int) -> Call:
    """http.client and lxml, nothing else."""
    connection = http.client.HTTPConnection(address, port, timeout=10)
    parser = etree.XMLParser(resolve_entities=False, no_network=True)

    def call(service: str, operation: str) -> str:
        nonce, created = os.urandom(16), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hashlib.sha1(nonce + created.encode() + PASSWORD.encode(), usedforsecurity=False).digest()
        body = (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>'
            f'<w:Security xmlns:w="{_WSSE}wssecurity-secext-1.0.xsd"><w:UsernameToken><w:Username>{USER}</w:Username>'
            f'<w:Password Type="{_WSSE}username-token-profile-1.0#PasswordDigest">{base64.b64encode(digest).decode()}'
            f"</w:Password><w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>"
            f'<u:Created xmlns:u="{_WSSE}wssecurity-utility-1.0.xsd">{created}</u:Created></w:UsernameToken>'
            f'</w:Security></s:Header><s:Body><x:{operation} xmlns:x="{_NAMESPACES[service]}"/></s:Body></s:Envelope>'
        )
        headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
        connection.request("POST", _PATHS[service], body.encode(), headers)
        response = connection.getresponse()
        root = etree.fromstring(response.read(), parser)
        if response.status != 200:
            raise ValueError(f"HTTP {response.status}")
        return str(root[-1][0].tag)

    return call


def ours(address: str, port: int) -> Call:
    """Our session, as the aspects use it (nothing remembered from one call to the next)."""
    from fleetctl.protocols.onvif import connect

    endpoint = Endpoint(address=address, port=port)
    device = Device(name="cam", kind=Kind.CAMERA, site="s", user=USER, endpoint=endpoint)
    session = connect(device, password=PASSWORD, access=Access.READ, facts={"auth": "wsse"})
    session.has("trt")
    return lambda service, operation: session.read(service, operation, fresh=True)


def onvif_zeep(address: str, port: int) -> Call:
    """onvif-zeep as its README uses it: one ONVIFCamera and its services for each camera."""
    from onvif import ONVIFCamera

    camera = ONVIFCamera(address, port, USER, PASSWORD)
    services = {"tds": camera.devicemgmt, "trt": camera.create_media_service()}
    return lambda service, operation: getattr(services[service], operation)()


def shared_zeep(address: str, port: int) -> Call:
    """zeep with the WSDL parsed once in each process, and a light client for each camera."""
    import requests
    import zeep
    from zeep.transports import Transport
    from zeep.wsse.username import UsernameToken

    make: Any = zeep.Client
    transport = cast(Any, Transport)(session=requests.Session())
    services = {}
    for service, document in _documents().items():
        client = make(document, wsse=cast(Any, UsernameToken)(USER, PASSWORD, use_digest=True), transport=transport)
        binding = next(name for name in client.wsdl.bindings if name.endswith(("DeviceBinding", "MediaBinding")))
        services[service] = client.create_service(binding, f"http://{address}:{port}{_PATHS[service]}")
    return lambda service, operation: getattr(services[service], operation)()


_parsed: dict[str, Any] = {}


def _documents() -> dict[str, Any]:
    if not _parsed:
        from fleetctl.protocols import onvif_generic

        _parsed.update({service: onvif_generic._client(service).wsdl for service in _PATHS})
    return _parsed


CLIENTS: Final[dict[str, Callable[[str, int], Call]]] = {
    "http.client + lxml (floor)": floor,
    "fleetctl": ours,
    "zeep, WSDL shared": shared_zeep,
    "onvif-zeep": onvif_zeep,
}


@dataclass(frozen=True)
class Share:
    """What one process did."""

    calls: int
    call_cpu_s: float
    construct_cpu_s: float
    peak_mb: float


def _one(make: Callable[[str, int], Call], place: tuple[str, int], rounds: int) -> tuple[float, float]:
    begun = time.thread_time()
    call = make(*place)
    built = time.thread_time()
    for _ in range(rounds):
        for service, operation in CALLS:
            call(service, operation)
    return built - begun, time.thread_time() - built


def _share(name: str, places: list[tuple[str, int]], threads: int, rounds: int, into: Any) -> None:
    logging.disable(logging.CRITICAL)  # onvif-zeep sets the root logger up
    make = CLIENTS[name]
    _one(make, places[0], 1)  # imports, caches
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ThreadPoolExecutor(threads) as pool:
        told = list(pool.map(lambda place: _one(make, place, rounds), places))
    peak = max(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024
    calls = len(places) * rounds * len(CALLS)
    into.put(Share(calls, sum(t[1] for t in told), sum(t[0] for t in told), peak))


@contextmanager
def lab(count: int) -> Iterator[list[tuple[str, int]]]:
    """Run so many cameras of one make; yields where they are."""
    devices = [
        {"name": f"cam-{n}", "address": address, "network_address": address, "personality": "bosch-like",
         "login": [USER, PASSWORD]}
        for n, address in enumerate(f"127.61.{n // 200}.{n % 200 + 1}" for n in range(count))
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="fleetctl-soap-") as folder:
        spec = {"devices": devices, "http_port": 0, "https_port": 0, "rtsp_port": 0}
        ports = control.up(spec, Path(folder)).ports
        try:
            yield [(str(device["address"]), ports["http"]) for device in devices]
        finally:
            control.down(Path(folder))


def measure(name: str, places: list[tuple[str, int]], processes: int, threads: int, rounds: int) -> Share:
    """Run one client over all cameras and add up what its processes took."""
    context = multiprocessing.get_context("spawn")  # so that no client inherits what another imported
    told = context.Queue()
    parts = [places[n::processes] for n in range(processes)]
    running = [context.Process(target=_share, args=(name, part, threads, rounds, told)) for part in parts]
    for process in running:
        process.start()
    shares: list[Share] = [told.get(timeout=600) for _ in running]
    for process in running:
        process.join()
    return Share(
        calls=sum(s.calls for s in shares),
        call_cpu_s=sum(s.call_cpu_s for s in shares),
        construct_cpu_s=sum(s.construct_cpu_s for s in shares),
        peak_mb=sum(s.peak_mb for s in shares),
    )


def main() -> None:
    """Read the options, measure every client in turn, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5, help=f"each of {len(CALLS)} calls to every camera")
    parser.add_argument("--repeat", type=int, default=3, help="measure so often, in turns; the best counts")
    told = parser.parse_args()
    print(f"{told.cameras} cameras, {told.processes} processes of {told.threads} threads, {len(CALLS)} operations")
    print(f"{'client':28}{'ms CPU per call':>18}{'x floor':>9}{'ms CPU to construct':>22}{'peak MB, all':>14}")
    best: dict[str, Share] = {}
    with lab(told.cameras) as places:
        for _ in range(told.repeat):
            for name in CLIENTS:
                share = measure(name, places, told.processes, told.threads, told.rounds)
                if name not in best or share.call_cpu_s < best[name].call_cpu_s:
                    best[name] = share
    base = next(iter(best.values())).call_cpu_s
    for name, share in best.items():
        each, construct = share.call_cpu_s / share.calls * 1e3, share.construct_cpu_s / told.cameras * 1e3
        print(f"{name:28}{each:18.3f}{share.call_cpu_s / base:9.2f}{construct:22.2f}{share.peak_mb:14.0f}")


if __name__ == "__main__":
    main()
