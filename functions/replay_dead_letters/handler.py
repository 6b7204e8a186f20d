"""replay_dead_letters: lists, shows, replays and drops what consumers gave up; invoked by hand."""

from parley import bootstrap
from parley.entry import dead_letters

handler = dead_letters.dead_letters_handler(bootstrap.container("stores"))
