using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry cost estimate [SLUG…]</c> and <c>tenantry cost actual [SLUG…]</c></summary>
internal static class CostCommand
{
    public static Command Create(CliHost host) => new("cost", "What instances cost.") { CreateEstimate(host), CreateActual(host) };

    private static Command CreateEstimate(CliHost host)
    {
        var slugs = new Argument<string[]>("SLUG") { Description = "Which instances; all on AWS targets when none is named.", Arity = ArgumentArity.ZeroOrMore };
        var app = new Option<string?>("--app") { Description = "Instead of instances that there are: what one of this app would cost.", HelpName = "APP" };
        var tier = new Option<string?>("--tier") { Description = "With --app: its tier; the app's first when not said.", HelpName = "TIER" };
        var target = new Option<string?>("--target") { Description = "With --app: on which AWS target, when there are several.", HelpName = "NAME" };
        return new Command("estimate", "What instances on AWS targets cost a month by list prices.") { slugs, app, tier, target }.Does(host, async call =>
        {
            if (call.Value(app) is null && (call.Value(tier) is not null || call.Value(target) is not null))
                throw new CliException(ExitCode.Usage, "--tier and --target belong to --app.", "Say which app with --app.");
            if (call.Value(app) is not null && call.Value(slugs) is { Length: > 0 })
                throw new CliException(ExitCode.Usage, "Either instances that there are are named, or one that is not made yet is described by --app.", "Leave one of them out.");
            var rendered = call.Value(app) is { } wanted
                ? await call.Client.Rendering.TerraformAsync(new RenderTerraformRequest(New: new NewTerraformInstance(wanted, call.Value(tier), call.Value(target))), call.CancellationToken)
                : await RenderTerraform.AskAsync(call, call.Value(slugs));
            if (call.Output.Json)
            {
                call.Output.Array(rendered.Rendered);
                return RenderTerraform.End(call, rendered);
            }

            var table = new TextTable("INSTANCE", "TIER", "WHAT", "A MONTH", "ASLEEP");
            foreach (var one in rendered.Rendered)
            {
                foreach (var part in one.Costs)
                    table.Row(one.Slug, one.Tier, part.What, $"{part.Amount.Amount} {part.Amount.Currency}", part.StopsAsleep ? "0" : part.Amount.Amount);
                table.Row(one.Slug, one.Tier, "together", one.Monthly is { } sum ? $"{sum.Amount} {sum.Currency}" : "not known", one.MonthlyAsleep?.Amount ?? "");
            }

            if (rendered.Rendered.Count > 0)
                table.Write(call.Output, "");
            foreach (var note in rendered.Rendered.Select(one => one.CostsNote).Distinct(StringComparer.Ordinal))
                call.Output.Note(note);
            return RenderTerraform.End(call, rendered);
        });
    }

    private static Command CreateActual(CliHost host)
    {
        var slugs = new Argument<string[]>("SLUG") { Description = "Which instances; all that the bills name when none is named.", Arity = ArgumentArity.ZeroOrMore };
        var month = new Option<string?>("--month") { Description = "Such as 2026-11; the present one, so far, when not said.", HelpName = "YYYY-MM" };
        var target = new Option<string?>("--target") { Description = "Ask for this target alone; each question to AWS costs 0.01 USD.", HelpName = "NAME" };
        return new Command("actual", "What instances really cost in a month, by the bills of their targets.") { slugs, month, target }.Does(host, async call =>
        {
            var costs = await call.Client.Targets.GetCostsAsync(call.Value(month), call.Value(target), call.CancellationToken);
            var wanted = call.Value(slugs) is { Length: > 0 } named ? named : null;
            var shown = costs.Items.Where(one => wanted is null || wanted.Contains(one.Name, StringComparer.Ordinal)).ToList();
            if (call.Output.Json)
            {
                call.Output.Array(shown);
            }
            else
            {
                var table = new TextTable("INSTANCE", "TENANT", "TARGET", "MONTH", "COST") { MayLack = ["TENANT"] };
                foreach (var one in shown)
                    table.Row(one.Name, one.Tenant, one.Target, one.Month, $"{one.Amount.Amount} {one.Amount.Currency}");
                table.Write(call.Output, "No bill names an instance.");
            }

            foreach (var away in costs.Unreachable)
                call.Output.Note($"{away.Target}: {away.Reason}");
            foreach (var missing in (wanted ?? []).Except(shown.Select(one => one.Name), StringComparer.Ordinal))
                call.Output.Note($"{missing}: no bill names it.");
            if (costs.Unreachable.Count > 0)
                return (int)ExitCode.Unavailable;
            return (int)(wanted is not null && shown.Count < wanted.Distinct(StringComparer.Ordinal).Count() ? ExitCode.NotFound : ExitCode.Done);
        });
    }
}
