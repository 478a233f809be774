"""One file per command group: parse, call one function, print. The only room that knows typer and rich.

Command files import typer and this package only; what a command needs is imported inside it, so that
`fleetctl --help` stays quick.
"""
