"""What the page's service counts; live data counts for itself."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("web_requests_total", "Requests that were answered.", ["route", "status"])
REQUEST_SECONDS = Histogram(
    "web_request_seconds",
    "From a request to the beginning of its answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LOGINS = Counter("web_logins_total", "Attempts to log in.", ["outcome"])
LIMITED = Counter("web_limited_total", "Requests beyond a limit.", ["limit"])
LIMITS_KEPT = Gauge("web_limits_kept", "Addresses, names and sessions that are being counted.")
LIMITS_FORGOTTEN = Counter(
    "web_limits_forgotten_total", "Counts that were given up before their time, for room."
)
SESSIONS_KEPT = Gauge("web_sessions_kept", "Sessions that were looked up within the last seconds.")
PASSWORDS = Gauge("web_passwords_under_way", "Passwords that are being checked, or wait for it.")
FAILURES = Counter("web_failures_total", "What failed and was answered 503.", ["side"])
DATABASE_WAITING = Gauge("web_database_waiting", "Requests that wait for a connection to the database.")
CACHE = Counter(
    "web_cache_total", "Questions, by whether their answer was there, being made, or neither.", ["found"]
)
CACHE_ENTRIES = Gauge("web_cache_entries", "Answers that are kept, or being made.")
COMMANDS = Counter("web_commands_total", "Commands that were given, by what had become of them.", ["status"])
COMMANDS_UNDER_WAY = Gauge("web_commands_under_way", "Requests that wait for what becomes of their commands.")
HISTORIES_UNDER_WAY = Gauge("web_histories_under_way", "Histories that are being read, or wait for it.")
ALARM_REQUESTS = Counter("web_alarm_requests_total", "What was asked of alarms.", ["action", "outcome"])
ALARM_REQUESTS_UNDER_WAY = Gauge("web_alarm_requests_under_way", "Requests that wait for the alarms service.")
