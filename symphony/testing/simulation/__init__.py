"""Invented worlds for the parts of Symphony that decide: the same seed, the same world."""

from symphony.testing.simulation.simulate import Outcome, simulate
from symphony.testing.simulation.suspects import Suspects
from symphony.testing.simulation.weather import CALM, Weather
from symphony.testing.simulation.world import SimulationError

__all__ = ["CALM", "Outcome", "SimulationError", "Suspects", "Weather", "simulate"]
