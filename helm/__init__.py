"""The Helm chart, and what keeps its copies true."""
