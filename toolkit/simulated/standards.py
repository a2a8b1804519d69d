"""Sections of a made-up scheme: what is made of scores, and what follows."""

from __future__ import annotations

from string import Template

FURTHER = Template("""\
# Columns of measures.csv. In the year that two half-years make up hours are added, the others averaged.
measures:
  hours: {label: {zh: 学时, en: Hours of study}, combine: sum}
  tasks: {label: {zh: 任务完成率, en: Tasks completed (%)}, combine: mean}
  activities: {label: {zh: 三会一课落实率, en: Branch meetings held (%)}, combine: mean}

# Every year begins with the base and a tenth of last year's balance; points.csv holds the events.
points:
  period: year
  base: 60
  bases: {retired: 70}
  carry: 10%
  floor: 0
  ceiling: 120
  dimensions:
    study: {label: {zh: 学习, en: Study}, cap: {month: 8}}
    serving: {label: {zh: 服务, en: Serving}}
    honour: {label: {zh: 荣誉, en: Honours}}
    discipline: {label: {zh: 纪律, en: Discipline}}
  multipliers:
    - {label: {zh: 离退休党员, en: In retirement}, times: 1.5, rules: [volunteer], categories: [retired]}
    - {label: {zh: 志愿服务月, en: Campaign}, times: 2, rules: [volunteer], from: $campaign-01, to: $campaign-30}
  rules:
    session: {label: {zh: 集中学习, en: Study session}, points: 2, dimension: study, cap: {month: 6, year: 30}}
    lecture: {label: {zh: 讲党课, en: Lecture given}, points: 4, dimension: study}
    volunteer: {label: {zh: 志愿服务, en: Volunteer work}, points: 3, dimension: serving, cap: {year: 24}}
    proposal: {label: {zh: 合理化建议, en: Proposal}, points: 1, dimension: serving}
    award: {label: {zh: 表彰奖励, en: Award}, points: 10, dimension: honour}
    absent: {label: {zh: 迟到缺勤, en: Late or absent}, points: -2, dimension: discipline, cap: {year: 20}}
    violation: {label: {zh: 违纪违法, en: Violation}, dimension: discipline, veto: true} # 一票否决

# Five panels on every branch; the masses alone on the cadres. Retired members need not be measured.
satisfaction:
  scale: content
  dissatisfied: [不满意]
  blank: outside # who does not know is not in the base of shares
  panels:
    party: {label: {zh: 党代表, en: Party delegates}, weight: 0.2, direction: {zh: 下评上, en: From below}}
    deputies: {label: {zh: 人大代表, en: People's deputies}, weight: 0.15, direction: {zh: 民评官, en: By the people}}
    advisers: {label: {zh: 政协委员, en: Political advisers}, weight: 0.15, direction: {zh: 民评官, en: By the people}}
    masses: {label: {zh: 群众代表, en: The masses}, weight: 0.3, direction: {zh: 民评官, en: By the people}}
    clients: {label: {zh: 服务对象代表, en: Clients}, weight: 0.2, direction: {zh: 企业评机关, en: Firms on offices}}
  topics:
    education: {label: {zh: 学习教育, en: Education}}
    mended: {label: {zh: 整改成效, en: What was mended}}
  exempt: [retired]
  rules:
    redo: {label: {zh: 重新补课, en: Do it again}, min: 30%} # 30% itself is in
    rectify: {label: {zh: 重新整改, en: Mend it again}, above: 50%} # half is not yet most
  bottom: {min: 30, places: 3}

$index
grades:
  bands: {优秀: 85, 合格: 70, 基本合格: 60, 不合格: 0}
  quota: {优秀: {max: 1/3, within: unit}}
  require: {优秀: [{of: vetoes, max: 0}]}
  votes: # before any score: whom more than a third of the peers' votes call unqualified
    source: peer
    rules: [{grade: 不合格, levels: [不合格], above: 1/3}]

$stars
$targets
models:
  pioneer:
    label: {zh: 先锋党员, en: Pioneer}
    require: [{of: grade, among: [优秀]}, {of: points, min: 90}, {of: vetoes, max: 0}, {of: measure.tasks, min: 90}]
  stronghold:
    label: {zh: 先进党支部, en: Model branch}
    ratee: unit
    require: [{of: index, min: 86}, {of: satisfaction, min: 85}, {of: dissatisfied, below: 10%}]

# criteria.csv holds the criteria; a lower layer restates those above it or adds to them.
layers:
  constitution: {label: {zh: 党章, en: The constitution}}
  six: {label: {zh: 六个坚持, en: Six things to hold fast}}
  own: {label: {zh: 本支部具体要求, en: What the branch asks}}

# The program proposes; decisions.csv holds what people decided.
conduct:
  remediation:
    when:
      - {of: grade, among: [基本合格, 不合格]}
      - {of: vetoes, above: 0}
      - {of: dissatisfied, min: 30%}
    days: 90
    evidence: [整改方案, 整改报告]
    helpers: [优秀] # 1+1
  registration:
    deny: [{of: grade, among: [不合格]}]
    defer: [{of: grade, among: [基本合格]}, {of: vetoes, above: 0}, {of: measure.hours, below: 12}]
  archive: {优秀: [考核登记表, 事迹材料], 不合格: [考核登记表, 谈话记录]}
  reply_days: 10
""")

STAR_RULES = Template("""\
stars:
  of: index
  bands: {5: 88, 4: 82, 3: 75, 2: 65, 1: 0}
  quota: {5: {max: 20%, within: study}}
  require: {5: [{of: measure.hours, min: $hours}, {of: vetoes, max: 0}]}
""")

TARGETS = Template("""\
# Of several targets the most particular holds, and of these the newest; those of the categories are the oldest.
targets:
  - {from: $first, reach: {measure.hours: 20}}
  - {from: $first, categories: [cadre], reach: {points: 80}}
  - {from: $first, categories: [branch], reach: {index: 80, satisfaction: 80, measure.activities: 85}}
  - {from: $first, industries: [农业], reach: {points: 75}}
  - {from: $second, reach: {measure.hours: 22.5}} # half of 45 in a year
  - {from: $second, categories: [cadre], reach: {points: 95, index: 82}}
  - {from: $second, categories: [office], industries: [教育, 卫生], reach: {points: 90, measure.tasks: 90}}
  - {from: $second, categories: [branch], reach: {index: 85}}
""")

YEAR = Template("""\
# yaml-language-server: $$schema=../scheme.schema.json
# What is asked of a whole year: hours are added over its halves.
$stars
targets:
  - {reach: {measure.hours: 45}}
  - {categories: [cadre], reach: {points: 95, index: 82}}
  - {categories: [office], industries: [教育, 卫生], reach: {points: 90, measure.tasks: 90}}
  - {categories: [branch], reach: {index: 80, satisfaction: 80, measure.activities: 85}}
  - {industries: [农业], reach: {points: 75}}
""")

INDEX_RULES = Template("""\
# By the end of a year balances have grown, and so has what they must reach.
index:
  mean: arithmetic
  components:
    score: {label: {zh: 考核得分, en: Appraisal}, weight: 0.5}
    points: {label: {zh: 积分, en: Points}, weight: 0.2, low: 40, high: $points}
    hours: {label: {zh: 学时, en: Hours of study}, of: measure.hours, weight: 0.15, high: 22.5}
    tasks: {label: {zh: 任务完成, en: Tasks completed}, of: measure.tasks, weight: 0.15}
  extras:
    awards: {label: {zh: 荣誉加分, en: Awards}, of: points.honour, times: 0.1, max: 2}
  bands: {红旗: 88, 先进: 82, 达标: 70, 后进: 0}
  units:
    mean: geometric # a branch that fails in one thing is not saved by the others
    components:
      people: {label: {zh: 党员指数, en: Members}, of: members.index, weight: 0.5}
      satisfaction: {label: {zh: 满意度, en: Satisfaction}, weight: 0.3}
      activities: {label: {zh: 组织生活, en: Branch meetings}, of: measure.activities, weight: 0.2}
""")

FURTHER_LABELS = """\
  满意: {zh: 满意, en: Content}
  基本满意: {zh: 基本满意, en: Fairly content}
  不满意: {zh: 不满意, en: Discontented}
  红旗: {zh: 红旗, en: Red banner}
  先进: {zh: 先进, en: Advanced}
  达标: {zh: 达标, en: Up to standard}
  后进: {zh: 后进, en: Behind}
  整改方案: {zh: 整改方案, en: Plan for mending}
  整改报告: {zh: 整改报告, en: Report on mending}
  考核登记表: {zh: 考核登记表, en: Appraisal form}
  事迹材料: {zh: 事迹材料, en: Account of merits}
  谈话记录: {zh: 谈话记录, en: Minutes of the talk}
  roads: {zh: 道路照明, en: Roads and lighting}
  counter: {zh: 窗口服务, en: Service at the counter}
  elderly: {zh: 养老助餐, en: Care of the old}
  water: {zh: 饮水环境, en: Water and surroundings}
  courses: {zh: 学习活动, en: Courses and activities}
  faith: {zh: 理想信念, en: Conviction}
  learning: {zh: 学习教育, en: Study}
  work: {zh: 工作作用, en: Example at work}
  plainness: {zh: 艰苦朴素, en: Plain living}
  neighbours: {zh: 邻里互助, en: Help among neighbours}
"""
