"""Words of which the demo's achievements, colleges, people and firms are made; all of it invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Local:
    """What names of people, places, firms and crops a province's are made of."""

    surnames: tuple[str, ...]
    given: tuple[str, ...]
    places: tuple[str, ...]
    trades: tuple[str, ...]
    crops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A college with what it works on: subjects, the things it makes of them, how these differ, and its programs."""

    college: str
    subjects: tuple[str, ...]
    things: tuple[str, ...]
    traits: tuple[str, ...]
    programs: tuple[str, ...] = ("监测管理系统", "数据分析软件", "辅助决策平台", "远程控制软件")


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_AGRONOMY = Field(
    "农学院",
    words("马铃薯 玉米 藜麦 核桃 三七 天麻 重楼 咖啡 澳洲坚果 蓝莓 食用玫瑰 荞麦"),
    words("种植方法 水肥一体化装置 育苗基质 采后保鲜方法 病害快速检测方法 播种机 干燥设备 分级机"),
    words("节水型 适于坡耕地的 低成本 可降解 适于高海拔地区的 免耕 自走式 分体式"),
)
_LIFE = Field(
    "生命科学学院",
    words("乳酸菌 微藻 食用菌 植物内生菌 酵母 昆虫病毒 苔藓 兰科植物 淡水鱼 蜜蜂"),
    words("发酵工艺 分离纯化方法 快速鉴定引物组 保藏培养基 活性提取物 诱导剂 检测试纸 扩繁方法"),
    words("耐低温 高活性 无血清 快速 高通量 稳定表达的 免标记 微流控"),
)
_MATERIALS = Field(
    "材料学院",
    words("铝合金 钛合金 锡基焊料 铜箔 石墨烯 陶瓷涂层 碳化硅 磷酸铁锂 多孔硅 玻璃纤维"),
    words("制备方法 热处理工艺 复合材料 表面改性方法 烧结装置 检测夹具 回收方法 连铸设备"),
    words("高强韧 低能耗 耐腐蚀 超薄 纳米级 梯度结构的 无氰 短流程"),
)
_INFORMATION = Field(
    "信息学院",
    words("山区公路 边坡 输电线路 古树名木 民族语言 遥感影像 卫星导航 工业视觉 物联网关 变电站"),
    words("识别方法 定位装置 监测终端 数据融合方法 预警方法 通信模块 边缘计算装置 加密传输方法"),
    words("低功耗 轻量化 抗遮挡 多源融合的 自校准 免布线 自适应 高精度"),
    words("智能巡检系统 数据标注平台 预警平台 移动端采集软件 三维可视化软件"),
)
_ENERGY = Field(
    "能源与环境学院",
    words("光伏组件 小水电 余热 生物质 湖泊底泥 农村污水 尾矿 烟气 抽水蓄能 储能电站"),
    words("回收装置 净化方法 调度方法 热泵机组 过滤材料 在线监测装置 资源化利用方法 控制器"),
    words("模块化 自清洁 高原型 低扬程 无动力 一体化 抗冻 智能"),
)
_PHARMACY = Field(
    "药学院",
    words("彝药 傣药 石斛 灯盏花 滇重楼 茯苓 龙胆草 草果 余甘子 木香"),
    words("提取工艺 质量控制方法 缓释片 外用凝胶 含量测定方法 饮片炮制方法 口服液 指纹图谱构建方法"),
    words("高收率 无溶剂残留的 速溶 低刺激 稳定型 绿色 微波辅助 多指标"),
)
_ECOLOGY = Field(
    "水生态研究室",
    words("高原湖泊 入湖河口 沉水植物 蓝藻 湖滨带 土著鱼类 浮游动物 沉积物 湿地 面源污染"),
    words("修复方法 采样装置 增殖放流方法 围隔实验装置 监测浮标 原位固化剂 生态沟渠 评估方法"),
    words("可拆卸 太阳能供电的 低扰动 原位 多参数 阶梯式 缓释型 自沉式"),
)
_ENVIRONMENT = Field(
    "环境工程研究室",
    words("含磷废水 重金属土壤 垃圾渗滤液 酸性矿山废水 餐厨垃圾 畜禽粪污 恶臭气体 微塑料 抗生素残留 污泥"),
    words("处理装置 吸附剂 钝化剂 脱水方法 曝气设备 菌剂 检测方法 膜组件"),
    words("低碳型 撬装式 高通量 耐盐 可再生 分散式 磁性 抗污染"),
)
_METALS = Field(
    "稀贵金属研究室",
    words("铂族金属 银浆 金靶材 锗晶片 铟锡氧化物 钯催化剂 铑配合物 锇粉 钌前驱体 银纳米线"),
    words("制备方法 提纯工艺 回收工艺 溅射靶材 浆料 检测方法 表征装置 焊接方法"),
    words("高纯 低温烧结 超细 免清洗 均匀分散的 短流程 高附着力 无卤"),
)
_POWDER = Field(
    "粉体研究室",
    words("球形铝粉 钛粉 氧化铝 氮化硼 羰基铁粉 锂电正极 铜锡合金粉 硅微粉 碳化钨 钼粉"),
    words("雾化装置 分级方法 表面包覆方法 造粒设备 流化床 筛分装置 成形工艺 真空输送装置"),
    words("窄粒径 高振实密度 气氛保护 防团聚 连续式 高球形度 低氧 超声辅助"),
)
_HEART = Field(
    "心血管内科",
    words("高原心脏病 冠脉介入 心电监护 下肢静脉 血压管理 瓣膜 起搏电极 心衰康复 血氧监测 导管"),
    words("固定装置 评估方法 穿刺辅助器 训练装置 预警方法 封堵器 收纳盒 测量装置"),
    words("可穿戴 一次性 防脱落 无创 可调节 便携式 智能 双腔"),
    words("随访管理系统 风险评估软件 康复指导平台 影像判读软件"),
)
_HOSPITAL_PHARMACY = Field(
    "药剂科",
    words("院内制剂 静脉配置 麻醉药品 中药煎剂 儿科用药 抗凝药物 滴眼液 透皮贴剂 雾化吸入剂 口服混悬液"),
    words("配制工艺 分装装置 核对方法 检测方法 稳定剂 给药器 冷链箱 溶解装置"),
    words("防差错 低残留 可追溯 快速 定量 避光 无菌 小剂量"),
    words("处方审核系统 用药监测软件 药品追溯平台"),
)
_METALLURGY = Field(
    "技术中心",
    words("铜阳极泥 粗铅 锌电积 锡精矿 炉渣 铜箔 工业硅 电解槽 烟尘 镍铁"),
    words("冶炼工艺 浇铸装置 除杂方法 余热锅炉 自动剥片机 在线分析仪 耐火材料 收尘装置"),
    words("富氧 低品位 节能型 大型化 密闭 连续 自动化 环保型"),
    words("生产调度系统 能耗管理平台 质量追溯软件"),
)
_DRESSING = Field(
    "选矿研究所",
    words("氧化铜矿 胶磷矿 硫化锌矿 锡石 褐铁矿 钛铁矿 锂辉石 低品位金矿 煤系高岭土 铝土矿"),
    words("浮选药剂 磨矿方法 重选设备 尾矿充填方法 浸出工艺 预富集方法 浓密机 矿浆分配器"),
    words("无氰 耐低温 高回收率 细粒级 选择性 组合式 低药耗 干式"),
)

FIELDS: dict[str, tuple[Field, ...]] = {
    "dianchi": (_MATERIALS, _LIFE, _INFORMATION, _ENERGY, _AGRONOMY, _PHARMACY),
    "lianxi": (_MATERIALS, _INFORMATION),
    "cangshan": (_AGRONOMY, _PHARMACY, _INFORMATION),
    "fuxian": (_ECOLOGY, _ENVIRONMENT),
    "gaoligong": (_METALS, _POWDER),
    "jinma": (_HEART, _HOSPITAL_PHARMACY),
    "biji": (_METALLURGY, _DRESSING),
}

_SURNAMES = words(
    "段 杨 沐 和 罗 施 尹 赵 李 张 王 寸 孔 陶 方 顾 林 陆 马 金 汤 石 钱 郑 普 刀 白 岳 柳 云 木 阿 董 高 苏 沈"
)
GIVEN = words(
    "承泽 望舒 怀谷 清和 远志 若水 书白 明川 思远 知秋 景行 云帆 青禾 守正 映山 听泉 问渠 行之 惟一 静深 启明 念乡 照野 "
    "临风 疏影 含章 既明 抱朴 致远 乐山 采薇 沐阳 言午 半夏 江离 秋实 春生 夏木 冬青 子衿"
)
_PLACES = words("滇中 洱源 玉龙 元江 楚雄 曲江 龙川 普者 红河 澜沧 怒江 金沙")
TRADES = words("新材料 生物科技 农业科技 环保科技 医药 信息技术 装备制造 矿业 能源 食品")
_CROPS = words("藜麦 荞麦 马铃薯 玉米 甘薯 小麦 豌豆 月季 兰花 核桃")
YUNNAN = Local(_SURNAMES, GIVEN, _PLACES, TRADES, _CROPS)
