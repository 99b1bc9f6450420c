"""RQ entry points, thin: open what a job needs, call its flow, dispatch what the flow says comes next.

Every job takes (id, lane), is found by name from `hub.queue.JOBS`, may run twice, and leaves its outcome in SQL.
"""
