"""What each screen is for and what can be done on it: the help page shows it to whoever comes from there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Screen:
    """``pattern`` are the first segments of its address, ``*`` for an id; ``lines`` the explanation, one sentence or two each."""

    pattern: str
    title: str
    lines: tuple[str, ...]


SCREENS: tuple[Screen, ...] = (
    Screen(
        "/institution",
        "工作台",
        (
            "上面是本单位的几个数字，下面是等您办理的事项，按期限排序；每个期限都写明从哪天起算、依据哪一条。",
            "“已办”“我发起的”列出您自己的办理记录；没有期限的事项，政策没有规定天数。",
        ),
    ),
    Screen(
        "/institution/todo",
        "待办中心",
        (
            "列出您有权办理的全部待办，最近到期的在前；办完后自动消失，不用手动标记。",
            "同一事项可以由有同样权限的同事办理，先办的有效，后办的会得到提示。",
        ),
    ),
    Screen(
        "/institution/messages",
        "消息中心",
        ("办理进展、公示、异议等通知；打开一条即标为已读。", "导出完成的文件也会在这里通知。"),
    ),
    Screen(
        "/institution/disclosures",
        "成果披露",
        (
            "先回答是否涉及国家秘密：涉及或者拿不准的不能填写，平台不保存任何内容。",
            "完成人填写后提交，责任部门核实；退回时逐项说明理由，改好后再次提交。核实通过即登记入账并取得编号。",
            "可以查看历史某一天的状态和当时提交的内容；草稿和两次提交之间的修改不按日留存。",
        ),
    ),
    Screen(
        "/institution/mine",
        "我的成果",
        (
            "列出您是完成人的在册成果，以及每项的赋权申请、协议和转化合同。",
            "台账上的姓名就是您、这里却没有列出的，请到“完成人认领”认领，责任部门确认后列出。",
        ),
    ),
    Screen(
        "/institution/deliveries",
        "推送与记录",
        (
            "系统管理员登记财务、资产管理等系统的接收地址，所选内容一发生就推送；每次推送和结果都在记录里，看不到推送的业务内容。",
            "推送带签名和时间戳，接收方用签名密钥核对；没有送达的自动再试，多次没有送达的可以重新推送。",
        ),
    ),
    Screen(
        "/institution/reports/internal",
        "内部报送",
        (
            "每年把上一年度的成果数量、类型、阶段和转化情况报送本单位财务、资产管理部门；日期由单位设定，到日自动冻结并报送，事先提醒。",
            "每一版冻结后不再改变，更正是写明理由的新一版；财务、资产管理部门确认接收。可以查看任何一天已经报送的版本。",
        ),
    ),
    Screen(
        "/institution/exits",
        "退出国有资产管理清单",
        (
            "经领导小组决策退出国有资产管理的成果，由责任部门列入，导出后报条文写明的机关；条文没有规定日期。",
            "负责人登记报送后，当时的清单原样留存，以后的变动不改变已经报送的内容。本省没有规定这一清单的，不能列入。",
        ),
    ),
    Screen(
        "/institution/assets",
        "资产标识清单",
        (
            "形成无形资产、由财务或者资产管理部门单独标识的成果；可以查看和导出任何一天的清单，供资产管理信息系统使用。",
            "标识不能修改：内容有误的，写明理由解除后重新标识，以前各日的清单不变。接口 /api/asset-marks 提供同样的清单。",
        ),
    ),
    Screen(
        "/institution/screening",
        "筛查自评",
        (
            "责任部门负责人设定周期和范围，平台在完成日期之前自动开始每一轮，把范围内的在册成果和批量交办的成果列出来并提醒。",
            "逐项或者勾选多项登记结论，可以在结束前修改；每项都有结论、写明小结后结束，结论留在成果的办理记录里。",
        ),
    ),
    Screen(
        "/institution/claims",
        "完成人认领",
        (
            "台账上的完成人来自导入或者披露，与登录账号是两回事；认领并经责任部门确认后才关联起来。",
            "确认的人不能是认领的人自己。关联有误的，责任部门写明理由后解除；台账内容不因此改变。",
        ),
    ),
    Screen(
        "/institution/ledger",
        "单列管理台账",
        (
            "按条件筛选、查找成果；可以查看过去任意一天的台账。“导出当前筛选”导出的就是屏幕上筛选出来的内容。",
            "“未评估”不是零，不参与求和。没有证据确认为开发阶段的，按研究阶段认定。",
        ),
    ),
    Screen(
        "/institution/ledger/*",
        "成果",
        (
            "一项成果的全部登记内容、权利、转化、各个版本和每次规则判断的依据。",
            "更正形成新版本并写明理由，原内容保留；撤销后编号不再使用。疑似涉密的先隔离，再由保密工作机构核实。",
        ),
    ),
    Screen(
        "/institution/ledger/*/timeline",
        "从披露到转化",
        (
            "把披露、登记、申请、公示、协议、转化按日期排成一列，每件事写明日期、办理人和条款，可以打印。",
            "只列出您可以查看的事项；没有单独办理记录的原有成果，写明载入台账的日期。",
        ),
    ),
    Screen(
        "/institution/training",
        "练习单位",
        ("练习单位不计入统计、不报送；“恢复原样”丢弃里面的全部内容，几秒后重新建立，登录账号保留。",),
    ),
    Screen(
        "/institution/secrecy",
        "保密核实",
        (
            "隔离的成果只有保密工作机构看得到，每次查看都记入操作日志；不涉密的解除隔离，涉密的下达清除。",
            "清除由维护账号执行，执行后留下签名的证明；编号保留，已经签发的证明继续有效。",
        ),
    ),
    Screen(
        "/institution/imports",
        "导入台账",
        (
            "上传原有的 Excel 台账：先核对，再确认；没有确认之前，台账没有任何变化。",
            "须由人判断的行列成问题并给出备选答案，其他的行可以先登记；退回的行连同原因下载，改好后再上传。",
        ),
    ),
    Screen(
        "/institution/empowerment",
        "赋权申请",
        (
            "只有成果的完成人可以申请；每个步骤由谁办、需要什么材料、依据哪一条，都写在页面上。",
            "没有办成的，页面说明不符合哪一条、原文怎样写、怎样改变结果；本次操作不改变任何内容。",
        ),
    ),
    Screen(
        "/institution/notices",
        "单位内部公示",
        (
            "公示期按自然日计算，发布当日不计入；内容有变或者中断，按条款重新计算。",
            "期内提出的异议没有答复之前，不能签署协议；异议人的姓名只有答复的人和本人看得到。",
        ),
    ),
    Screen(
        "/institution/reports",
        "年度报告",
        (
            "先冻结年末数据，再填写文字部分并报送；报送后的内容不随台账变化。",
            "退回的报告逐项写明理由，重新报送时列出改了什么。",
        ),
    ),
    Screen(
        "/institution/dashboard",
        "统计分析",
        (
            "各季度末的存量、从披露到转化各环节的成果数、按年度的合同金额；每张图都有同样数字的表。",
            "存量按今天已知的登记计算：事后的更正会改变过去的数字。合同金额不是到账数。",
        ),
    ),
    Screen("/institution/policy", "政策规则", ("正在执行的规则，逐条列出原文；标“原文待核”的尚未见到正式文本。",)),
    Screen(
        "/institution/audit",
        "操作日志",
        ("谁在什么时候办理或者查阅了什么，改动前后的内容；按实际时间记录，逐条封存。",),
    ),
    Screen(
        "/institution/settings",
        "单位设置",
        (
            "单位登记信息、试点资格和有效期，有误的请平台运维更正；单位制度、内部报送日期、文书红头和公示地点由责任部门负责人设定。",
            "“本人信息”说明平台保存了您的什么、为什么、多久。",
        ),
    ),
    Screen(
        "/institution/settings/archive",
        "整体导出",
        (
            "单位领导把本单位的全部数据导出为一个档案：台账、文件、历史、办理记录、操作日志和它们引用的规则与清单，都有校验和，可以导入另一平台。",
            "生成和每次下载都记入操作日志；文件保存 7 天，过期重新生成。有隔离待处置的成果时不能导出。",
        ),
    ),
    Screen(
        "/institution/settings/me",
        "本人信息",
        ("平台保存的您的姓名、部门、邮箱和账号，用途和保存期限，以及在哪里提到您；只有您本人看得到。",),
    ),
    Screen(
        "/institution/settings/privacy",
        "谁看得到什么",
        ("按角色列出每项个人信息是全文、遮盖还是不显示，以及为什么保存、保存多久；页面、导出和接口都照此执行。",),
    ),
    Screen(
        "/institution/persons",
        "个人信息删除",
        (
            "按完整姓名查找后删除姓名、部门和邮箱，不能恢复；在办赋权申请的团队成员，办结后再删除。",
            "台账、决定和日志按编号保留，姓名显示为“（已删除）”，并留下姓名的散列值和理由；已有的封存和证明继续有效。",
        ),
    ),
    Screen(
        "/institution/settings/permissions",
        "我的权限",
        (
            "您可以办理什么、来自哪个角色或者谁的委托；没有的权限写明需要什么角色、为什么没有。",
            "填写与批准同一事项的权限不会同时有；本人提交的事项由他人核实、审核。",
        ),
    ),
    Screen(
        "/institution/accounts",
        "人员与角色",
        (
            "登录过的人员自动列出。安全管理员分配角色，先看会增加和减少哪些权限再确认，每次写明理由；本人的角色由他人分配。",
            "系统管理员办理停用与交接：列出该人员名下的事项，一次移交给接替人，登录立即结束。",
            "系统、安全、审计管理员由不同的人担任，不查看业务。",
        ),
    ),
    Screen(
        "/institution/delegations",
        "委托代办",
        (
            "不在岗期间把本人有权办理的事项委托给同事，写明期限，可以仅限一件赋权申请；到截止日期自动失效，也可以提前结束。",
            "代办的记录写明“受托人（代 委托人）”，双方都能看到。受托人经办过的事项，不能再代他人批准。",
        ),
    ),
    Screen(
        "/institution/delegations/all",
        "委托监督",
        ("安全管理员查看本单位全部委托，可以提前结束；代办的内容由委托双方查看。",),
    ),
    Screen(
        "/institution/sessions",
        "登录管理",
        ("您在哪些设备上登录着；可以退出其他登录。同时登录的设备有上限，超出时最早的自动退出。",),
    ),
    Screen(
        "/institution/machines",
        "接口凭据",
        (
            "给本单位的其他系统使用。密钥只在新建和轮换时显示一次；每个凭据只能办理选定的事项。",
            "轮换后新旧两个密钥在几天内都有效，便于更换；撤销立即生效。每个密钥写明最近一次使用的时间和来源。",
        ),
    ),
    Screen(
        "/console/roles",
        "角色与权限",
        (
            "科技、主管、财政等部门各角色可以办理什么；哪些事项由不同的人经办和批准。",
            "角色由统一身份认证授予和收回，一分钟内生效。",
        ),
    ),
    Screen("/console/permissions", "我的权限", ("您可以办理什么、来自哪个角色；没有的权限写明需要什么角色。",)),
    Screen("/console", "省级工作台", ("报送期限和进度、待办、已发布的清单和汇总数；单个单位的 1 或 2 显示为“<3”。",)),
    Screen("/console/todo", "待办中心", ("本机关等您办理的事项，最近到期的在前；政策没有规定期限的不设期限。",)),
    Screen(
        "/console/lists",
        "负面清单",
        ("起草、征求意见、共同确定、发布和调整；每个版本有永久地址，发布后不能修改，只能发布新的版本。",),
    ),
    Screen(
        "/console/pilots",
        "试点管理",
        ("登记试点单位、起止日期和依据文件；到期后不能启动新的事项，已经签署的协议继续履行。",),
    ),
    Screen(
        "/console/reports",
        "年度报告",
        ("各单位报送的报告：接收、退回、汇总上报和催报；查阅单个单位的报告会记入该单位的日志。",),
    ),
    Screen(
        "/console/statistics",
        "统计汇总",
        (
            "按类型、阶段、状态、方式、年度和单位汇总，只有数量，看不到单项成果；可以导出。",
            "可以查看历史某一天的汇总，也可以按当时已知的登记查看；历史的 1 和 2 一律显示为“<3”。",
        ),
    ),
    Screen(
        "/console/policy", "政策规则", ("正在执行和待启用的规则版本；启用由两人办理，启用前可以试算会改变哪些决定。",)
    ),
    Screen("/console/trail", "操作日志", ("本机关的人办理和查阅了什么，包括记在各单位名下的。",)),
    Screen("/console/messages", "消息中心", ("办理进展和通知；打开一条即标为已读。",)),
    Screen("/console/search", "查找", ("在本机关可以看到的清单、试点、报告和单位名称中查找；看不到单项成果。",)),
    Screen("/console/sessions", "登录管理", ("本人在各设备上的登录，可以令其退出；闲置一段时间自动退出。",)),
    Screen(
        "/console/agency", "受托事项", ("单位交给本机构办理的成果和服务种类；只能看到和填写交办的内容，期满即止。",)
    ),
    Screen("/operator/messages", "消息中心", ("平台运维收到的通知；打开一条即标为已读。",)),
    Screen("/operator/sessions", "登录管理", ("本人在各设备上的登录，可以令其退出。",)),
    Screen(
        "/operator/organisations",
        "单位",
        ("本省的机关和单位；开通、改名、停用和变更主管部门都在这里办理，看不到单位的台账。",),
    ),
    Screen(
        "/operator/organisations/*",
        "单位登记信息",
        (
            "一个单位的登记信息、曾用名和历次主管部门；变更主管部门自生效日起执行，已经报送的不变。",
            "更名填写更名日期：以前的页面和报送记录仍显示当时的名称；更正登记错误的不填。",
        ),
    ),
    Screen(
        "/operator/organisations/*/merger",
        "机构并入",
        (
            "一个单位并入另一个单位：一人提议，另一人确认，到日由系统办理；先列出转入的内容和须先了结的事项。",
            "在册成果以新编号转入，原编号仍可查到；原单位从此只能查看，试点资格不随并入转移。",
        ),
    ),
    Screen("/operator/calendar", "节假日安排", ("维护每年的放假和调休；公布以前的年份按暂定计算，公布后标记整年。",)),
    Screen(
        "/operator/province",
        "省份",
        ("本省的名称、规则版本和执行方式；首个规则版本由平台运维提议、科技主管部门确认。",),
    ),
    Screen("/operator/permissions", "角色与权限", ("平台运维的角色可以办理什么；不含任何单位的业务内容。",)),
    Screen(
        "/institution/dossiers/*/*",
        "决策卷宗",
        ("一件事项的全部决定、依据、办理记录和操作日志，下载为一个签名的文件，离开平台也能核验。",),
    ),
    Screen("/operator", "平台运维", ("开通单位、变更主管部门、维护节假日和首个规则版本；看不到任何单位的台账。",)),
)


def screen_of(path: str) -> Screen | None:
    """The screen that an address belongs to: the longest pattern that it begins with."""
    segments = [one for one in path.partition("?")[0].split("/") if one]
    fitting = [one for one in SCREENS if _fits(one.pattern.strip("/").split("/"), segments)]
    return max(fitting, key=lambda one: one.pattern.count("/"), default=None)


def _fits(pattern: list[str], segments: list[str]) -> bool:
    if len(segments) < len(pattern):
        return False
    return all(wanted in ("*", given) for wanted, given in zip(pattern, segments, strict=False))


def screens_for(audience: str) -> list[Screen]:
    """The screens of one audience that have an address of their own."""
    return [one for one in SCREENS if one.pattern.split("/")[1] == audience and "*" not in one.pattern]
