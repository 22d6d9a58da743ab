"""The commented beginning of a new pack: what a writer who knows the policy, and not Python, fills in."""

from __future__ import annotations

_HEADER = """\
# {title}：政策包。写法见 shared/policy/README.md 的“写一个政策包”。
id = "{region}"
title = "{title}"
version = "{version}"
level = "{level}"            # nation 国家、province 省、city 市、unit 单位
parent = "{parent}"          # 继承哪个政策包；没有写的值都从那里来
# effective_from = 2026-01-01   # 施行日期（不是印发日期）；草案不填
legal_state = "draft"        # draft 草案、trial 试行、in_force 施行、repealed 废止
documents = ["main"]         # 文件夹名，按先后次序；同一个值在两个文件里写法不同会报错
"""

_DOCUMENT = """\
# 一份文件的身份
title = "（文件全称）"
number = ""                  # 发文字号，如：某科规〔2025〕5号
issuer = ""                  # 印发机关
# issued = 2025-10-08        # 印发日期
legal_state = "draft"
"""

_RULES = """\
# 每个表都要有出处：cite = { article = "第几条", quote = "原文" }
# 没有原文的只写 article，页面显示“原文待核”；绝不自己编引文。
# 条文没有写、由我们决定的写 cite = { decision = "口径代号" }，并在 [readings.口径代号] 说明。
# 表内个别值出处不同的，写 cites.值名 = { … }。

# 适用范围和有效期
# [guidelines.empowerment]
# label = "赋权改革"
# first_day = 2026-01-01
# last_day = 2028-12-31            # 直接写最后一天，不推算
# selection = "selected"           # selected 遴选的试点单位、all 全部单位
# unit_kinds = ["university", "institute"]
# governed_by = "pinned"           # pinned 在办事项沿用受理时版本、newest 按最新版本
# cite = { article = "第三条", quote = "" }
# cites.governed_by = { decision = "pinned" }

# [readings.pinned]
# question = "政策更新后，在办事项适用哪个版本？"
# used = "沿用受理时的版本"
# other = "改按最新版本"
# effect = "在办事项的要求随政策更新而变化"
# decided_by = "（谁决定）"

# 本地独有的名称：成果类型、佐证材料、公示地点、接收单位、办理主体等。代号自定（小写字母和下划线），名称照条文写。
# 没有写 achievement_type、status、mode 的，用全国通用的；写了就以写的为准。
# [enumerations.evidence]
# cite = { article = "" }
# panel_opinion = { label = "专家评议意见" }
# [enumerations.venue]
# cite = { article = "" }
# notice_board = { label = "村务公开栏" }
# [enumerations.authority]
# cite = { article = "" }
# ethnic_affairs = { label = "省民宗委" }

# 披露的栏目：name 名称、achievement_type 类型、technical_field 技术领域、form 成果形式、completers 完成人、stage 阶段、
# market_prospect 市场前景、obtained_on 取得时间；其他代号自定，页面上就是一个文字栏目
# [fields.disclosure]
# cite = { article = "" }
# name = { label = "成果名称" }
# completers = { label = "完成人" }

# 赋权类型：代号自定；asks 写要填份额 "shares"、期限 "term"
# [grant_types.use_right]
# label = "长期使用权赋权"
# asks = ["term"]
# minimum_years = 10
# or_remaining_protection = false  # 是否可以按法律保护剩余期限
# cite = { article = "" }
# [grant_types.ownership]
# label = "所有权赋权"
# asks = ["shares"]
# co_ownership = ["by_share"]      # by_share 按份共有、joint 共同共有
# minimum_share = "0.7"            # 按份共有的，完成人最低份额
# full_ownership = false           # 是否可以全部赋予
# cite = { article = "" }

# 赋权方式（条文没有分的不写）
# [grant_modes.agreed]
# label = "协议赋权"
# cite = { article = "" }

# 赋权条件和佐证、申请材料
# [conditions.clear_ownership]
# label = "权属清晰"
# evidence = ["ownership_certificate"]   # 任一即可
# cite = { article = "" }
# [application]
# label = "赋权申请"
# consensus = true                 # 全体完成人协商一致
# representative = true            # 指定一名代表
# cite = { article = "" }
# [fields.application]
# cite = { article = "" }
# achievement_description = { label = "成果说明" }

# 步骤，按 after 排序。apply 申请、screen 排查、assess 评估、announce 公示、sign 签协议、formalities 办手续；
# 其他代号是本地自己的步骤，登记办理结果和 evidence 材料。没有负面清单的不写 screen，也不写 [screening]
# [steps.empowerment]
# cite = { article = "" }
# apply = { label = "申请", actor = "representative" }
# panel = { label = "专家评议", actor = "professionals", after = ["apply"], evidence = ["panel_opinion"] }
# announce = { label = "公示", actor = "unit", after = ["panel"] }
# result = { label = "公布公示结果", actor = "unit", after = ["announce"], waits_for_notice = true }
# sign = { label = "签署协议", actor = "unit", after = ["result"] }

# 公示
# [notices.empowerment]
# label = "赋权公示"
# comparator = ">="                # = 恰为、>= 不少于
# days = 15
# unit = "day"                     # day 自然日、working_day 工作日
# venues = ["unit_internal"]       # 平台的公示页；其他地点要填发布的位置
# venue_mode = "all"               # all 都要、any 任一即可
# objections = "block"             # block 异议未处理完不得签署、recorded 只登记
# result_published = false         # 异议的处理结果是否必须公布
# cite = { article = "" }
# [notices.empowerment.content]
# cite = { article = "" }
# achievement_name = { label = "成果名称", basic = true }   # basic 涉及技术秘密时也列

# 协议条款和签署后的手续
# [agreements.use_right]
# label = "长期使用权赋权协议"
# after_notice = "empowerment"
# cite = { article = "" }
# [agreements.use_right.clauses]
# term = { label = "使用期限" }
# cite = { article = "" }
# [agreements.use_right.formalities]
# licence_filing = { label = "实施许可备案", any_of = ["licence_filing"] }
# cite = { article = "" }

# 报告
# [reports.annual_report]
# label = "年度报告"
# as_of = "12-31"
# cite = { article = "" }
# [reports.annual_report.stages.unit]
# label = "单位报主管部门"
# sender = "unit"
# recipients = ["competent"]       # competent 主管部门、science 科技、finance 财政、human_resources 人社，或者自定代号
# month = 3
# month_end = true                 # 月底前；或写 day = 30；每年另定的写 due_entered_yearly = true
# cite = { article = "" }
"""

_CASES = """\
# 政策包自带的测试：情形 → 应有的答复。`chengguo policy check` 会逐条核对。
# [[case]]
# title = "公示14天：不足"
# question = "notice.period"
# today = 2026-03-02
# facts = { published_at = 2026-03-02T09:00:00+08:00, days = 14 }
# expect = { verdict = "refused", codes = ["notice.too_short"], article = "第几条" }
"""


def new_skeleton(region: str, title: str, *, parent: str = "cn", level: str = "province") -> dict[str, str]:
    """The files of a new pack by relative name; they load as they are, and every entry waits in comments."""
    header = _HEADER.format(region=region, title=title, version="1", level=level, parent=parent)
    return {
        f"{region}/pack.toml": header,
        f"{region}/main/document.toml": _DOCUMENT,
        f"{region}/main/rules.toml": _RULES,
        f"{region}/main/cases.toml": _CASES,
    }
