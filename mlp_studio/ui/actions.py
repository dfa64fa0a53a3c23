"""Menus, shortcuts and toolbar buttons as a table of data; `MainWindow` draws it."""

from dataclasses import dataclass

from PySide6.QtGui import QKeySequence


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can do. `slot` names the MainWindow method that does it, `icon` a row of `icons.SHAPES`."""

    name: str
    menu: str
    text: str
    help: str
    slot: str
    shortcut: str | QKeySequence.StandardKey = ""
    icon: str = ""
    checkable: bool = False
    keys: str = ""  # shown, for a key that the window handles itself


_key = QKeySequence.StandardKey

COMMANDS: tuple[Command, ...] = (
    Command("new", "&File", "&New experiment", "Set everything as it was at first", "new_experiment", _key.New),
    Command("open", "&File", "&Open…", "Open a project, or a table as data", "open_dialog", _key.Open),
    Command("save", "&File", "&Save", "Save settings, data, training and view as a project", "save", _key.Save),
    Command("save_as", "&File", "Save &as…", "Save the project somewhere else", "save_as", "Ctrl+Shift+S"),
    Command(
        "change_import",
        "&File",
        "Change &import…",
        "Choose again how the present file is read and what its columns are for",
        "change_import",
        "Ctrl+I",
    ),
    Command("reload", "&File", "&Reload data", "Read the present file from the disk again", "reload", _key.Refresh),
    Command(
        "export",
        "&File",
        "&Export…",
        "Take the run along: as a script, a notebook, a model, a report, an animation or predictions",
        "export_run",
        "Ctrl+E",
    ),
    Command("save_points", "&File", "Export &points as CSV…", "Save the data that are loaded", "export_data"),
    Command("quit", "&File", "&Quit", "Close MLP Studio", "close", "Ctrl+Q"),
    Command("undo", "&Edit", "&Undo", "Take the last change of settings, data or points back", "undo", "Ctrl+Z"),
    Command("redo", "&Edit", "R&edo", "Do what was undone last once more", "redo", "Ctrl+Shift+Z"),
    Command("paint", "&Edit", "&Paint points", "Add, erase and move points with the mouse", "paint", "P", "", True),
    Command(
        "copy_picture",
        "&Edit",
        "&Copy boundary picture",
        "Copy the boundary as a picture",
        "copy_boundary",
        "Ctrl+Shift+C",
    ),
    Command(
        "copy_metrics",
        "&Edit",
        "Copy &metrics",
        "Copy the scores of every class as a table",
        "copy_metrics",
        "Ctrl+Shift+M",
    ),
    Command(
        "copy_command",
        "&Edit",
        "Copy as command &line",
        "Copy the one line for a shell that trains with these settings",
        "copy_command",
    ),
    Command("train", "&Run", "&Train", "Train the network", "toggle", "", "train", keys="Space"),
    Command("step", "&Run", "&Step", "Train exactly one epoch", "step", "S", "step"),
    Command(
        "stop",
        "&Run",
        "Sto&p",
        "Stop training and keep the weights; stop loading and keep the data",
        "stop",
        "Esc",
        "stop",
    ),
    Command("reset", "&Run", "&Reset", "Go back to the weights of the start", "reset", "Ctrl+R", "reset"),
    Command("new_sample", "&Run", "&New sample", "Draw a new seed, and the points that it gives", "new_sample", "N"),
    Command(
        "previous_sample",
        "&Run",
        "Pre&vious sample",
        "Go back to the seed before the latest new sample",
        "previous_sample",
        "Shift+N",
    ),
    Command(
        "shuffle_labels",
        "&Run",
        "S&huffle the labels and train",
        "Deal the labels out by chance and train again: what the network gets right then is memory",
        "shuffle_labels",
        checkable=True,
    ),
    Command("runs", "&Run", "Earlier r&uns", "All runs of this project, and the way back to them", "show_runs"),
    Command("twin", "&Run", "T&win proof…", "Train NumPy and PyTorch side by side and compare them", "show_twin"),
    Command("view_all", "&View", "&View all points", "Show all points after zooming", "view_all", "Ctrl+0"),
    Command(
        "side_by_side",
        "&View",
        "&Side by side",
        "Training and test in pictures of their own",
        "side_by_side",
        "Ctrl+B",
        "",
        True,
    ),
    Command(
        "uncertainty",
        "&View",
        "&Uncertainty",
        "Veil the regions where passes with dropout on disagree",
        "show_uncertainty",
        checkable=True,
    ),
    Command(
        "restore_layout",
        "&View",
        "Restore the &layout",
        "Put every panel back where it was at first",
        "restore_layout",
    ),
    Command("gallery", "&Lessons", "&Gallery…", "All lessons in a list", "show_gallery"),
    Command(
        "activations",
        "&Lessons",
        "&Activation explorer…",
        "Every activation and its derivative, with a movable input",
        "show_activations",
    ),
    Command("math", "&Lessons", "&Math view", "The six steps of training with the network's own numbers", "show_math"),
    Command("shortcuts", "&Help", "&Keyboard shortcuts", "What the keys do", "show_shortcuts", "F1"),
    Command(
        "diagnostics",
        "&Help",
        "&Copy diagnostics",
        "Copy versions and the last log lines",
        "copy_diagnostics",
    ),
    Command("about", "&Help", "&About MLP Studio", "Versions and licences", "show_about"),
)

MENUS = ("&File", "&Edit", "&View", "&Run", "&Lessons", "&Help")
TOOLBAR = ("train", "step", "stop", "reset")
