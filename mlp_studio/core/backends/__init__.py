"""The backends that train a network; `BACKENDS` names them."""
