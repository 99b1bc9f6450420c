"""The sentences of an alert: what happened, how to mend it, where to look, in the languages of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

LANGUAGES = ("en", "zh")


class Words(NamedTuple):
    """title: what happened. fix: how to mend it. page: the path of the page that shows it."""

    title: str
    fix: str
    page: str


# kind → the path of its page, with the facts of the alert in it
PAGES: Mapping[str, str] = {
    "needs_reauth": "/connections/{name}",
    "broken": "/connections/{name}",
    "dead_letters": "/problems?connection={name}&kind=dead",
    "drift": "/runs/{run}",
    "held_run": "/runs/{run}",
    "held_plan": "/connections/{name}#plan",
    "stalled": "/runs?connection={name}",
    "backlog": "/connections/{name}",
    "webhooks_refused": "/connections/{name}",
    "webhooks_left": "/connections/{name}",
    "token_expires": "/connections/{name}",
    "silent_part": "/",
    "quota": "/connections/{name}",
    "test": "/",
}

_EN: Mapping[str, tuple[str, str]] = {
    "needs_reauth": (
        "{name} no longer lets the hub in: it is not read, and changes for it wait.",
        "Authorise it again: hub connection authorize {name}. Or put its credentials right, and: "
        "hub connection resume {name}",
    ),
    "broken": (
        "{name} is broken: it is not read, and changes for it wait.",
        "Find the step that fails: hub connection check {name}. Then: hub connection resume {name}",
    ),
    "dead_letters": (
        "{count} changes ({object}) could not be brought to {name}.",
        "See: hub delivery list --causes. Mend the cause, then: hub delivery replay",
    ),
    "drift": (
        "{percent} % of the records ({object}) of {name} had drifted: {count} of {of}; {healed} are mended.",
        "Fields: {fields}. What changes there without a new modification time is found by comparison only; see: "
        "hub run show {run}",
    ),
    "held_run": (
        "A run of {name} ({object}) is held: it would change or retire more than it may unasked.",
        "Look whether it is meant: hub run show {run}. If so: hub sync {name} --confirm",
    ),
    "held_plan": (
        "{count} changes for {name} wait for your word.",
        "See the plan: hub sync {name}. Let them go: hub sync {name} --confirm",
    ),
    "stalled": (
        "{name} ({object}) has not been read to its end for {minutes} minutes, though it is scheduled.",
        "See its runs: hub run list {name}. Does it work? hub connection check {name}. Do workers run? hub doctor",
    ),
    "backlog": (
        "{count} changes for {name} have been waiting, the oldest for {minutes} minutes.",
        "Does it work? hub connection check {name}. If it does, more workers or more calls_per_second bring it down.",
    ),
    "webhooks_refused": (
        "Webhooks for {name} are refused: changes there come with its next pull only.",
        "Compare the webhook secret here and there: hub connection check {name}",
    ),
    "webhooks_left": (
        "{count} webhooks from {name} could not be taken ({state}).",
        "See: hub inbox list {name} --state {state}. Then: hub inbox replay",
    ),
    "token_expires": (
        "The authorisation of {name} ends in {days} days.",
        "Renew it before: hub connection authorize {name}",
    ),
    "silent_part": (
        "No {part} of the hub has given a sign of life for {minutes} minutes.",
        "Start it again: hub up, or your service manager. Nothing is lost; what is due waits.",
    ),
    "quota": (
        "{name} asks to be left alone until {until}: its quota is used up. What is due waits.",
        "Nothing is lost; it goes on by itself. Fewer calls: a longer schedule, or a larger quota there. Earlier: hub "
        "connection resume {name}",
    ),
    "test": ("This is a test of the alerts of CRM Hub.", "Nothing is to be done."),
}

_ZH: Mapping[str, tuple[str, str]] = {
    "needs_reauth": (
        "{name} 不再允许中心登录：已停止读取，发往它的更改在排队。",
        "重新授权：hub connection authorize {name}；或更正凭据后运行：hub connection resume {name}",
    ),
    "broken": (
        "{name} 无法工作：已停止读取，发往它的更改在排队。",
        "找出失败的步骤：hub connection check {name}，然后运行：hub connection resume {name}",
    ),
    "dead_letters": (
        "有 {count} 项更改（{object}）无法写入 {name}。",
        "查看原因：hub delivery list --causes；排除后运行：hub delivery replay",
    ),
    "drift": (
        "{name} 有 {percent} % 的记录（{object}）出现偏差：{of} 条中的 {count} 条，已修复 {healed} 条。",
        "涉及字段：{fields}。未更新修改时间的变化只有比对才能发现；详见：hub run show {run}",
    ),
    "held_run": (
        "{name}（{object}）的一次运行被暂扣：它要更改或停用的记录超过了无需确认的上限。",
        "请确认是否属实：hub run show {run}；若是，运行：hub sync {name} --confirm",
    ),
    "held_plan": (
        "有 {count} 项发往 {name} 的更改等待您确认。",
        "查看计划：hub sync {name}；放行：hub sync {name} --confirm",
    ),
    "stalled": (
        "{name}（{object}）已排定，但 {minutes} 分钟以来没有完整读取过。",
        "查看运行：hub run list {name}；检查连接：hub connection check {name}；检查工作进程：hub doctor",
    ),
    "backlog": (
        "有 {count} 项发往 {name} 的更改在等待，最久的已等 {minutes} 分钟。",
        "检查连接：hub connection check {name}；若正常，可增加工作进程或调高 calls_per_second。",
    ),
    "webhooks_refused": (
        "{name} 的 webhook 被拒绝：那里的变化要到下次拉取才会到达。",
        "请核对两边的 webhook 密钥：hub connection check {name}",
    ),
    "webhooks_left": (
        "来自 {name} 的 {count} 个 webhook 无法处理（{state}）。",
        "查看：hub inbox list {name} --state {state}，然后运行：hub inbox replay",
    ),
    "token_expires": ("{name} 的授权将在 {days} 天后到期。", "请提前续期：hub connection authorize {name}"),
    "silent_part": (
        "中心的 {part} 已有 {minutes} 分钟没有运行迹象。",
        "请重新启动：hub up，或使用您的服务管理器。数据不会丢失，到期的工作会等待。",
    ),
    "quota": (
        "{name} 的配额已用完，{until} 之前不再访问；到期的工作会等待。",
        "数据不会丢失，届时自动继续。可放宽同步间隔或提高对方配额；要提前恢复：hub connection resume {name}",
    ),
    "test": ("这是 CRM Hub 告警的测试消息。", "无需处理。"),
}

_TEXTS = {"en": _EN, "zh": _ZH}

EVENTS: Mapping[str, Mapping[str, str]] = {
    "en": {"begun": "Alert", "worse": "Alert, worse", "over": "Over", "test": "Test"},
    "zh": {"begun": "告警", "worse": "告警加重", "over": "已恢复", "test": "测试"},
}
LABELS: Mapping[str, tuple[str, str, str, str]] = {
    "en": ("Why", "Fix", "See", "Since"),
    "zh": ("原因", "处理", "查看", "开始于"),
}


_UNSENT = {
    "en": {"mail": "Alerts could not be sent by mail.", "webhook": "Alerts could not be sent to alert_url."},
    "zh": {"mail": "告警邮件无法发送。", "webhook": "告警无法发送到 alert_url。"},
}


def unsent(channel: str, *, language: str = "en") -> str:
    """That alerts do not get through."""
    return _UNSENT.get(language, _UNSENT["en"])[channel]


def words(kind: str, facts: Mapping[str, Any], *, language: str = "en") -> Words:
    """The sentences of an alert of this kind."""
    title, fix = _TEXTS.get(language, _EN)[kind]
    safe = {name: quote(str(value), safe="") for name, value in facts.items()}
    return Words(title.format_map(facts), fix.format_map(facts), PAGES[kind].format_map(safe))
