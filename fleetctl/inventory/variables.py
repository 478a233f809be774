"""The variables that say where a device is and how it is reached, and the names nobody may use.

One table: the check and its "did you mean", the documentation and `--help` come from it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Form(enum.StrEnum):
    """What a variable's value looks like."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "true or false"
    ANY = "list or mapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One variable that is no setting: its name, form, bounds (for numbers), default and what it means."""

    name: str
    form: Form = Form.TEXT
    minimum: int = 0
    maximum: int = 0
    default: str = ""
    doc: str


def _text(name: str, doc: str, default: str = "") -> Known:
    return Known(name=name, doc=doc, default=default)


def _port(name: str, doc: str, default: str) -> Known:
    return Known(name=name, form=Form.NUMBER, minimum=1, maximum=65535, default=default, doc=doc)


VARIABLES: Final[tuple[Known, ...]] = (
    _text("ansible_host", "address at which the device is reached now"),
    _text("ansible_user", "account fleetctl and Ansible log in with"),
    _text("ansible_password", "the account's password: a template that takes it out of the vault, or !vault"),
    _port("ansible_port", "TCP port of SSH", "22"),
    _text("ansible_ssh_private_key_file", "key that a Linux host lets in", "the agent's keys and the usual files"),
    _text("ansible_become_password", "password sudo asks for on a Linux host: a template or !vault"),
    _text("kind", "what it is: camera, nvr, switch, kiosk, desk or other; a host without a kind is left alone"),
    _text("vendor", "maker, as one word in lower case: hikvision, dahua, axis"),
    _text("model", "the maker's name of the model"),
    _text("platform", "operating system of a switch, as netmiko names it (cisco_ios), or of a host: linux, windows"),
    _text("device_oem", "brand code of the device's firmware, where its version does not tell it (Dahua's: 00KB001)"),
    _text("device_region", "region that the device is sold for, as its label or page says; images may be for one only"),
    _text("device_language", "language of the device's firmware; images may be for one only"),
    _text("desk", "where it stands within the site: Quầy 1"),
    _text("serial_number", "the maker's serial number; what `adopt` writes and every write checks first"),
    _text("mac_address", "hardware address; checked where there is no serial number"),
    _text("site_name", "name of the site as people read it"),
    _text("area_name", "name of the area as people read it"),
    _text("site_via", "user@relay or user@relay:port: the SSH host through which everything at the site is reached"),
    _text("uplink", "devices with the same uplink share its limit of parallel work", "the site"),
    _text("switch_port", "port of the site's switch that this device is plugged into, as the switch names it: gi1/0/3"),
    _text("switch", "name of the switch that `switch_port` is on", "the site's only switch"),
    _text("behind", "name of the recorder through which alone this camera is reached"),
    Known(name="channel", form=Form.NUMBER, minimum=1, maximum=1024, doc="channel of the recorder named in `behind`"),
    Known(name="audit_only", form=Form.FLAG, default="false", doc="read and compared, never written"),
    _port("onvif_port", "TCP port of the ONVIF service", "80, or 443 with https"),
    _text("onvif_path", "path of the ONVIF device service", "/onvif/device_service"),
    _text("onvif_scheme", "http or https", "http"),
    _text("tls_ca_file", "PEM file of the authority that signed the device's certificate, relative to the inventory"),
    _text("tls_fingerprint", "SHA-256 of the device's certificate, in hex; when given it alone decides"),
    _port("rtsp_port", "TCP port of the video streams", "554"),
    Known(
        name="reply_timeout_s",
        form=Form.NUMBER,
        minimum=1,
        maximum=300,
        default="10",
        doc="longest wait for one answer, in seconds",
    ),
    _text(
        "maintenance_window", 'when something that interrupts may be done: "22:00-05:00" in quotes, or always', "always"
    ),
    Known(name="rollout_waves", form=Form.ANY, doc="declared waves: a list of {name, pattern, not_before, share}"),
    Known(
        name="password_consumers",
        form=Form.ANY,
        doc="who else logs in to the device, past fleetctl: {name: [account, ...]}, or with a command; see rotation.md",
    ),
    Known(
        name="vault_keep_days",
        form=Form.NUMBER,
        minimum=1,
        maximum=3650,
        default="30",
        doc="how many days the vault keeps the previous password of an account",
    ),
    *(
        Known(name=name, form=Form.ANY, doc=doc)
        for name, doc in (
            ("waivers", "agreed exceptions: {setting or pack/requirement: {owner, reason, until}}; see waivers.md"),
            ("waivers_area", "more of them, of an area"),
            ("waivers_site", "more of them, of a site; `fleetctl waiver add SITE` writes here"),
            (
                "message_recipients",
                "who is told what changed: {name: {email or webhook, language, heartbeat_days}}; see messages.md",
            ),
            ("message_recipients_area", "more of them, of an area"),
            ("message_recipients_site", "more of them, of a site: its contact"),
            ("message_recipients_host", "more of them, of a device"),
            ("message_smtp", "the mail server: {server, port, security, user, sender, ca_file}; see messages.md"),
            ("requirement_parameters", "numbers of requirement packs, in the standard: {pack: {parameter: value}}"),
            ("attestations", "what a person saw: {pack/check: {by, date, evidence}}; see requirements.md"),
            ("attestations_area", "more of them, of an area"),
            ("attestations_site", "more of them, of a site"),
            ("attestations_host", "more of them, of a device"),
            ("waivers_host", "more of them, of a device; `fleetctl waiver add DEVICE` writes here"),
        )
    ),
    _text("message_smtp_password", "password of the mail server's user: a template or !vault"),
    _text("message_webhook_key", "key that webhook messages are signed with: a template or !vault"),
    Known(
        name="standard_grace_days",
        form=Form.NUMBER,
        minimum=0,
        maximum=3650,
        default="7",
        doc="how many days a changed standard, or a new device, may wait for its apply until that is told as overdue",
    ),
    _text("factory_user", "account a factory-fresh device has, where it is not the maker's usual one"),
    _text("factory_password", "password of that account as the maker prints it, or !vault"),
    Known(
        name="factory_password_replaced",
        form=Form.FLAG,
        default="true",
        doc="adopt gives the maker's account that let it in with its default password one of the vault",
    ),
    _text("factory_enable", "secret of a switch's privileged mode (enable) at its first login, or !vault"),
)
LOGINS: Final = (
    "ansible_password",
    "ansible_become_password",
    "message_smtp_password",
    "message_webhook_key",
)  # asked for when they are needed, not before
BY_NAME: Final[dict[str, Known]] = {known.name: known for known in VARIABLES}

# Ansible's own words (ansible-core 2.19, reserved names): as variables they are shadowed or break templates.
RESERVED: Final = frozenset(
    {
        "action",
        "always",
        "any_errors_fatal",
        "args",
        "async",
        "async_val",
        "become",
        "become_exe",
        "become_flags",
        "become_method",
        "become_user",
        "block",
        "changed_when",
        "check_mode",
        "collections",
        "connection",
        "cycler",
        "debugger",
        "delay",
        "delegate_facts",
        "delegate_to",
        "dict",
        "diff",
        "environment",
        "fact_path",
        "failed_when",
        "force_handlers",
        "gather_facts",
        "gather_timeout",
        "handlers",
        "hosts",
        "ignore_errors",
        "ignore_unreachable",
        "joiner",
        "lipsum",
        "local_action",
        "lookup",
        "loop",
        "loop_control",
        "loop_with",
        "max_fail_percentage",
        "module_defaults",
        "name",
        "namespace",
        "no_log",
        "notify",
        "now",
        "omit",
        "order",
        "poll",
        "port",
        "post_tasks",
        "pre_tasks",
        "q",
        "query",
        "range",
        "register",
        "remote_user",
        "rescue",
        "retries",
        "roles",
        "run_once",
        "serial",
        "strategy",
        "tags",
        "tasks",
        "throttle",
        "timeout",
        "undef",
        "until",
        "vars",
        "vars_files",
        "vars_prompt",
        "when",
        "with_",
    }
)
# Set by Ansible for every host, whatever the inventory says.
MAGIC: Final = frozenset(
    {
        "group_names",
        "groups",
        "hostvars",
        "inventory_hostname",
        "inventory_hostname_short",
        "inventory_dir",
        "inventory_file",
        "playbook_dir",
        "role_path",
        "ansible_version",
        "ansible_play_hosts",
        "play_hosts",
    }
)
INSTEAD: Final = {
    "serial": "serial_number",
    "port": "onvif_port, rtsp_port or ansible_port",
    "name": "identity_name or site_name",
    "connection": "ansible_connection",
    "remote_user": "ansible_user",
    "timeout": "reply_timeout_s",
    "roles": "a name of your own",
}
