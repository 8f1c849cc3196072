"""The works that are measured. A name here is a module beside this file."""

WORKS = (
    "small_calls",
    "large_calls",
    "device_writes",
    "shadow_cost",
    "memory_per_key",
    "cold_start",
    "defrag",
    "listing",
)
