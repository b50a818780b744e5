using System.Globalization;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Writing;

/// <summary>How long wakes took, for people.</summary>
internal static class WakeText
{
    public static void Write(Output output, IReadOnlyList<WakeSummaryResponse> rows, string none)
    {
        var table = new TextTable("APP", "TARGET", "FROM", "WAKES", "PLATFORM P50", "P95", "P99", "APP P50", "P95", "P99") { MayLack = ["P95", "TARGET"] };
        foreach (var row in rows)
        {
            table.Row(
                row.App,
                row.Target,
                row.From.ToString(),
                row.Count.ToString(CultureInfo.InvariantCulture),
                Took(row.Platform.P50),
                Took(row.Platform.P95),
                Took(row.Platform.P99),
                Took(row.Start.P50),
                Took(row.Start.P95),
                Took(row.Start.P99));
        }

        table.Write(output, none);
    }

    private static string Took(double seconds) => Words.Took(TimeSpan.FromSeconds(seconds));
}
