"""The words that clerks use, the same in every province: headers, marks of emptiness, synonyms of choices.

Which of the choices a province knows is its pack's business; here stands only what a word means. Keys are compact:
NFKC, lower case, no blanks (`text.compact`).
"""

from __future__ import annotations

from typing import Final

# Fields of a ledger row: identifier → the name under which a clerk is told of it.
FIELD_LABELS: Final[dict[str, str]] = {
    "sequence": "序号",
    "name": "成果名称",
    "completers": "完成人",
    "co_completers": "其他完成人",
    "grant": "成果类型",
    "type": "成果类型",
    "number": "权利号",
    "obtained": "取得时间",
    "stage": "成果阶段",
    "status": "转化状态",
    "method": "转化方式",
    "counterparty": "受让方",
    "credit_code": "受让方统一社会信用代码",
    "value": "转化价值",
    "assessed": "转化价值",
    "frequency": "转化频次",
    "contract_number": "技术合同登记号",
    "secrecy": "密级",
    "remark": "备注",
    "phone": "联系电话",
    "department": "所属部门",
}

# What several columns may hold: each further completer one of his own.
SEVERAL: Final = frozenset({"co_completers"})

# Fields whose presence makes a row a ledger's header, besides the name.
HEADER_EVIDENCE: Final = frozenset(
    {"completers", "grant", "type", "number", "obtained", "stage", "status", "method", "value", "frequency"}
)

_HEADERS: dict[str, str] = {
    "sequence": "序号 编号 顺序号 no no. 项次",
    "name": "成果名称 科技成果名称 职务科技成果名称 名称 项目成果名称 专利名称 成果 专利/成果名称 软件名称 品种名称",
    "completers": "完成人 成果完成人 完成人员 发明人 设计人 发明人/设计人 主要完成人 完成团队"
    " 研发人员 育种人 研发团队 团队成员 权利人员",
    "grant": "是否授权 授权情况 已授权/未授权 授权与否 授权状态 是否已授权",
    "type": "成果类型 成果类别 类型 类别 具体类别 知识产权类型 授权类别 成果形式 权利类型 知识产权类别",
    "number": "权利号 授权号 登记号 专利号 申请号 专利申请号 证书号 品种权号 批准文号 权利编号 授权公告号 证书编号"
    " 软著登记号 知识产权号 专利/申请号",
    "obtained": "取得时间 授权日期 授权时间 登记日期 登记时间 取得日期 获得时间 获权时间"
    " 授权公告日 批准日期 授权日 申请日期 申请日",
    "stage": "成果阶段 所处阶段 阶段 研发阶段",
    "status": "转化状态 转化情况状态 是否转化 转化与否 是否已转化 转化进展 成果转化状态",
    "method": "转化方式 转化形式 成果转化方式 拟转化方式 转化途径",
    "counterparty": "受让方 被许可方 受让单位 合作单位 转化单位 合作企业 受让企业 转化企业"
    " 被投资企业 受让方名称 转化对象 被许可单位",
    "credit_code": "受让方统一社会信用代码 统一社会信用代码 信用代码 社会信用代码 受让方信用代码",
    "value": "转化价值 转化金额 合同金额 成交金额 转化合同金额 合同额 金额 价值 转化收入 成交额 合同总金额 转化价格",
    "assessed": "评估价值 评估金额 评估值 评估价 资产评估价值",
    "frequency": "转化频次 频次 转化次数 许可次数 次数",
    "contract_number": "技术合同登记号 合同登记号 技术合同登记编号 合同登记编号 技术合同编号 合同编号",
    "secrecy": "密级 保密级别 保密等级 涉密等级 涉密级别 是否涉密 涉密情况 涉密与否 定密 定密情况 秘密等级 密级及期限",
    "remark": "备注 说明 其他说明 备注说明 附注 其他",
    "phone": "联系电话 电话 手机 手机号 联系方式 联系人电话",
    "department": "所属部门 所属系 所属系所 所属学院 学院 部门 所在单位 所在部门 所属单位 所属科室 科室 系所 二级单位 所在学院",
}
HEADERS: Final[dict[str, str]] = {word: field for field, words in _HEADERS.items() for word in words.split()}

# Headings that are built alike: what a whole heading may look like where it is none of the words above, field by field.
# Kept narrow: a data cell that looked like a heading would be taken for one.
_KIND = "(?:职务|科技|本单位|成果|项目|专利|软件|品种|技术|知识产权|权利)"
_PEOPLE = "(?:完成人|发明人|设计人|研发人|培育人|育种人|作者|团队|成员)"
HEADER_PATTERNS: Final[dict[str, str]] = {
    "name": f"{_KIND}+(?:的|中文)?名称",
    "completers": f"(?:全部|所有|主要|第一|成果|项目|科技|专利)*{_PEOPLE}+(?:员|员?姓名|名单|信息|及排序|排序|及单位)?",
    "co_completers": f"(?:其他|其它|其余|共同|参与|第[二三四五六七八九十])(?:主要)?{_PEOPLE}+(?:员|员?姓名|名单|信息)?"
    "|参与人员?|参加人员?",
    "number": f"{_KIND}*(?:授权|登记|申请|证书|公告|批准|权利|专利|品种权|软著|知识产权)+(?:编号|号码|号|文号)",
    "obtained": f"{_KIND}*(?:授权|登记|取得|获得|获批|批准|申请|获权|发证|公告)+(?:日期|时间|年月日?|日)",
    "type": f"{_KIND}+(?:所属)?(?:类型|类别|种类)",
    "stage": "(?:成果|项目|当前|目前|所处|研发|技术)+阶段",
    "status": "(?:成果|目前|当前|科技|专利|是否)*(?:转化)(?:的)?(?:现状|状况|状态|进展情况|进度)|状态",
    "method": "(?:成果|科技|专利|实际|拟|已|采用)*转化(?:的)?(?:方式|形式|途径|模式)|方式",
    "value": "(?:成果|科技|专利|实际|累计|转化|技术|合同|成交|交易|转让|许可|作价|总)*"
    "(?:转化|合同|成交|交易|转让|许可|作价)(?:的)?总?(?:金额|价值|价格|价款|额)",
    "assessed": "(?:成果|资产|专利|转化)*评估(?:的)?(?:价值|金额|价格|价|值)",
    "frequency": "(?:成果|累计|已)*(?:转化|许可|转让)(?:的)?(?:频次|次数)",
    "counterparty": "(?:受让|被许可|承接|合作|转化|被投资|技术买)(?:方|单位|企业|公司|对象)(?:的)?(?:名称|全称)?",
    "department": "(?:完成人|成果|所在|所属|归属|项目)*(?:二级)?(?:学院|单位|部门|院系|系所|科室)(?:名称)?",
    "secrecy": "(?:是否|有无|成果|内容|信息|项目)*(?:涉及?(?:国家)?秘密|涉密|定密|密级|保密)"
    "(?:情况|程度|等级|级别|与否|状态|标识|标志|审查结果|类别|及期限|期限)+"
    "|(?:是否|有无|成果|内容|信息|项目)+(?:涉及?(?:国家)?秘密|涉密|定密|密级)",
}

# Columns that a returned workbook has besides the clerk's own; they mean nothing when it comes back.
ORIGINAL_ROW: Final = "原表行号"
ERROR_REASON: Final = "错误原因"

# What the template's example row has as its number.
EXAMPLE: Final = "示例"

# Headers that ask a question, so that 是 and 否 answer it.
YES_NO_STATUS_HEADERS: Final = frozenset({"是否转化", "转化与否", "是否已转化"})
YES_NO_SECRECY_HEADERS: Final = frozenset({"是否涉密", "涉密与否"})
# Short words that mean a field only below a group heading.
GROUPED_HEADERS: Final[dict[str, dict[str, str]]] = {
    "转化": {"状态": "status", "方式": "method", "时间": "", "对象": "counterparty", "进展": "status"},
}

NOTHING: Final = frozenset(
    {
        "",
        "/",
        "//",
        "\\",
        "-",
        "--",
        "---",
        "—",
        "——",
        "–",
        "―",
        "ー",
        "无",
        "暂无",
        "没有",
        "n/a",
        "na",
        "null",
        "none",
        "空",
    }
)
NOT_VALUED: Final = NOTHING | {
    "未评估", "暂未评估", "尚未评估", "未估值", "待评估", "未作价", "未定价", "暂不评估", "未估价", "未转化",
}  # fmt: skip
DITTO: Final = frozenset({"同上", "〃", "″", '"', "''", "同前", "同上一行", "\u201d", "々"})
PLACEHOLDERS: Final = frozenset(
    {"办理中", "待定", "待补", "申请中", "审批中", "待授权", "待领取", "未下发", "待更新", "补办中"}
)

STATUSES: Final = ("未转化", "意向转化", "转化中", "已转化")
UNCONVERTED, INTENDED, CONVERTING, CONVERTED = STATUSES
STATUS_WORDS: Final[dict[str, str]] = {
    word: status
    for status, words in {
        UNCONVERTED: "未转化 尚未转化 待转化 暂未转化 没有转化",
        INTENDED: "意向转化 有意向 意向 拟转化 正在洽谈 洽谈中 有转化意向 意向中",
        CONVERTING: "转化中 正在转化 转化实施中",
        CONVERTED: "已转化 完成转化 转化完成 已完成转化",
    }.items()
    for word in words.split()
}
YES_NO_STATUS: Final = {"是": CONVERTED, "已": CONVERTED, "否": UNCONVERTED, "未": UNCONVERTED}

OTHER_METHOD: Final = "其他"
METHOD_WORDS: Final[dict[str, str]] = {
    word: method
    for method, words in {
        "转让": "转让 专利转让 技术转让 权利转让 专利权转让 成果转让 申请权转让 专利申请权转让",
        "许可": "许可 普通许可 独占许可 排他许可 实施许可 专利许可 普通实施许可 独占实施许可"
        " 排他实施许可 专利实施许可 开放许可 许可使用",
        "作价投资": "作价投资 作价入股 技术入股 技术作价入股 技术作价投资",
        "自行实施": "自行实施 自主实施 自行转化 自行投资 自行投资实施",
        "合作实施": "合作实施 合作转化 合作开发实施",
        "技术咨询": "技术咨询",
        "技术服务": "技术服务",
        "技术开发": "技术开发 委托开发 技术委托开发",
        OTHER_METHOD: "其他 其他方式 其它 其它方式",
    }.items()
    for word in words.split()
}

STAGE_WORDS: Final[dict[str, str]] = {
    "研究": "研究阶段",
    "研究阶段": "研究阶段",
    "开发": "开发阶段",
    "开发阶段": "开发阶段",
}

GRANT_WORDS: Final[dict[str, bool]] = {
    "已授权": True,
    "授权": True,
    "已授权成果": True,
    "未授权": False,
    "未授权成果": False,
}
YES_NO_GRANT: Final = {"是": True, "否": False}
PENDING_WORDS: Final = frozenset(
    {
        "实审", "实审中", "实质审查", "实质审查中", "进入实审", "公开", "已公开", "公布", "已公布", "受理", "已受理",
        "申请中", "审查中", "在审", "初审", "初审中", "待授权", "未授权", "申请",
    }
)  # fmt: skip

INVENTION, UTILITY_MODEL, DESIGN = "发明", "实用新型", "外观设计"

# What an achievement is, whatever a province calls it; the codes are the national ones of the policy packs.
_CONCEPTS: dict[str, str] = {
    "patent_right": "专利 专利权",
    "software_copyright": "计算机软件著作权 软件著作权 软著 计算机软著 计算机软件 软件著作 计算机软件著作权登记",
    "ic_layout": "集成电路布图设计专有权 集成电路布图设计 布图设计 布图设计专有权 集成电路布图 布图设计权",
    "plant_variety": "植物新品种权 植物新品种 新品种权 品种权 植物品种权 农业植物新品种权 林业植物新品种权",
    "drug_marketing_approval": "药品上市许可 药品注册批件 药品注册证书 药品注册证 药品上市许可证",
    "clinical_permit": "临床许可 临床批件 临床试验批件 药物临床试验批准 药物临床试验批准通知书 药物临床试验批件 临床试验许可",
    "new_biomedical_product": "生物医药新品种 生物医药品种",
    "patent_application": "专利申请权 专利申请 申请权 发明专利申请权 发明专利申请"
    " 实用新型专利申请"
    " 实用新型专利申请权 外观设计专利申请",
    "non_patent_technology": "非专利技术 专有技术 know-how knowhow 非专利成果",
    "technical_secret": "技术秘密",
    "formula": "配方",
}
CONCEPT_WORDS: Final[dict[str, str]] = {word: concept for concept, words in _CONCEPTS.items() for word in words.split()}
PATENT_KIND_WORDS: Final[dict[str, str]] = {
    word: kind
    for kind, words in {
        INVENTION: "发明 发明专利 发明专利权 专利发明",
        UTILITY_MODEL: "实用新型 实用新型专利 实用新型专利权 新型专利",
        DESIGN: "外观设计 外观设计专利 外观设计专利权 外观 外观专利",
    }.items()
    for word in words.split()
}
UNGRANTED_CONCEPTS: Final = frozenset({"patent_application", "non_patent_technology", "technical_secret", "formula"})
# Where a pack does not list the concept, it is read as this one.
CONCEPT_PARENTS: Final = {"technical_secret": "non_patent_technology"}
# Rights that are not proved without a number.
NUMBERED_CONCEPTS: Final = frozenset(
    {"patent_right", "software_copyright", "ic_layout", "plant_variety", "drug_marketing_approval", "clinical_permit"}
)

OPEN_SECRECY: Final = NOTHING | {
    "公开", "非密", "不涉密", "非涉密", "无密级", "否", "普通", "一般", "未涉密", "无涉密", "非秘密", "可公开", "不保密", "公开级",
}  # fmt: skip
INTERNAL_SECRECY: Final = frozenset(
    {"内部", "内部公开", "内部使用", "内部资料", "工作秘密", "商业秘密", "敏感", "受控", "内部事项"}
)
VOID_WORDS: Final = frozenset(
    {"作废", "已作废", "本行作废", "此行作废", "该行作废", "作废行", "撤销", "已撤销", "删除"}
)
