"""Recorders: their connections to the cameras, what they write, and the state both vendors' pages show.

Sections a recorder keeps beside those of `factory.py`, whatever its vendor:

    channels    {"1": name, protocol (HIKVISION, ONVIF, Private), address, port, http_port, rtsp_port, source, user,
                password, enabled, timing, mode (manual, plugplay), transport}
    recording   {"1": on, mode (schedule, always, off), week {day 0 (Monday) to 6: [[from_s, to_s, kinds]]}, audio,
                pre_s, post_s, days (0: no limit), stream (main, sub)}; kinds of (timed, motion, alarm)
    disks       {"1": mb, state (ok, unformatted, error), model, serial}
    storage     overwrite
    standing    state, recording: how every bound channel stands where the lab's recorders stand still (`record_s: 0`)
    sync        password, timing, auto_add: what the recorder does to its cameras by itself
"""
