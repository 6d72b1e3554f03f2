"""Mixtura: how diverse should generated data be, and how much of it to mix with real data."""

# A study given by --configfile is whole: Snakemake would merge it into the default one.
if not workflow.config_settings.configfiles:
    # That of the folder where Snakemake runs, or of this repository.
    NAME = "config/config.yaml"

    configfile: NAME if Path(NAME).exists() else f"{workflow.current_basedir}/{NAME}"


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/generate.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/curate.smk"
include: "workflow/rules/derive.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/finetune.smk"
include: "workflow/rules/loop.smk"
include: "workflow/rules/alternatives.smk"
include: "workflow/rules/findings.smk"
include: "workflow/rules/confirm.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"


rule all:
    default_target: True
    input:
        rules.report.output,
        rules.collect_generation.output,


rule tables:
    input:
        rules.evaluate.output,
        rules.collect_generation.output,
        rules.collect_scores.output,
        rules.findings.output,
