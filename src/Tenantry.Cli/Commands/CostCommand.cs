using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry cost estimate [SLUG…]</c></summary>
internal static class CostCommand
{
    public static Command Create(CliHost host) => new("cost", "What instances cost.") { CreateEstimate(host) };

    private static Command CreateEstimate(CliHost host)
    {
        var slugs = new Argument<string[]>("SLUG") { Description = "Which instances; all on AWS targets when none is named.", Arity = ArgumentArity.ZeroOrMore };
        return new Command("estimate", "What instances on AWS targets cost a month by list prices.") { slugs }.Does(host, async call =>
        {
            var rendered = await RenderTerraform.AskAsync(call, call.Value(slugs));
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
}
