"""The support ticket that asks the platform to turn callbacks on; its readers are Chinese."""

from __future__ import annotations

PLACEHOLDER = "<回调 URL>"

EVENTS = {
    "Storage.NewFileCreated": "产生新文件（上传、拉取上传、视频编辑、直播剪辑、直播录制）",
    "Material.Imported": "媒体导入",
    "Material.Added": "媒体添加（复制、链接）",
    "Material.Moved": "媒体移动",
    "Material.Modified": "媒体变更（名称、预置标签、自定义标签）",
    "Material.Deleted": "媒体删除",
    "Class.Created": "分类新增",
    "Class.Moved": "分类移动",
    "Class.Deleted": "分类删除",
    "Project.StreamConnect.StatusChanged": "云转推项目状态变更",
    "Project.Switcher.StatusChanged": "导播台项目状态变更",
    "Project.MediaCast.StatusChanged": "点播转直播项目状态变更",
    "Task.VideoExportCompleted": "视频编辑项目导出完成",
}
"""The platform's event types, each with what it tells."""

_TEXT = """\
标题：申请开通多媒体创作引擎（CME）事件回调

您好，我们希望为以下平台开通事件通知，请协助配置：

平台（Platform）：{platform}
回调 URL：{url}
回调方式：HTTP POST，请求体为 JSON；我方返回 HTTP 200 表示接收成功

需要订阅的事件类型（共 {count} 种）：
{events}

说明：
- 回调 URL 含有密钥，请勿公开。
- 请告知回调请求的来源 IP 地址范围，以便我方设置白名单。
- 请告知回调的超时时间与重试间隔。

配置完成后请告知，谢谢！
"""


def ticket_text(platform_id: str, url: str | None = None) -> str:
    """The ticket for a platform; without a URL it has a place for it."""
    events = [
        f"{n}. {name}：{meaning}" for n, (name, meaning) in enumerate(EVENTS.items(), start=1)
    ]
    return _TEXT.format(
        platform=platform_id,
        url=PLACEHOLDER if url is None else url,
        count=len(EVENTS),
        events="\n".join(events),
    )
