using System.Globalization;
using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws;

/// <summary>
/// What instances really cost, from Cost Explorer by the tags that everything carries. AWS asks 0.01 USD for each question, so that one question answers for all instances of an owner;
/// the tags must be switched on as cost allocation tags, and AWS is a day behind.
/// </summary>
internal sealed class AwsBill(AwsHost host)
{
    private const string Metric = "UnblendedCost";

    internal async Task<IReadOnlyList<ActualCost>> ReadAsync(string owner, DateOnly month, CancellationToken cancellationToken)
    {
        var known = (await host.Store.ListAsync(owner, cancellationToken)).ToDictionary(record => record.Workspace, record => record.Ref, StringComparer.Ordinal);
        var sums = new SortedDictionary<string, Money>(StringComparer.Ordinal);
        string? next = null;
        do
        {
            var answer = await host.Aws.JsonAsync(AwsService.CostExplorer, "GetCostAndUsage", Question(owner, month, next), cancellationToken);
            Add(answer, sums);
            next = answer.TryGetProperty("NextPageToken", out var token) && token.ValueKind == JsonValueKind.String ? token.GetString() : null;
        }
        while (next is { Length: > 0 });
        foreach (var workspace in known.Keys.Where(workspace => !sums.ContainsKey(workspace)))
            sums[workspace] = new Money(0, host.Prices.Currency);
        return [.. sums.Select(sum => new ActualCost(known.GetValueOrDefault(sum.Key) ?? new InstanceRef("", sum.Key, owner), sum.Value))];
    }

    /// <summary>The question's body. Pure.</summary>
    internal static Dictionary<string, object> Question(string owner, DateOnly month, string? next)
    {
        var question = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["TimePeriod"] = new { Start = Day(month), End = Day(month.AddMonths(1)) },
            ["Granularity"] = "MONTHLY",
            ["Metrics"] = new[] { Metric },
            ["Filter"] = new { Tags = new { Key = "Owner", Values = new[] { owner } } },
            ["GroupBy"] = new[] { new { Type = "TAG", Key = "Workspace" } },
        };
        if (next is not null)
            question["NextPageToken"] = next;
        return question;
    }

    /// <summary>Adds what an answer says of each workspace.</summary>
    internal static void Add(JsonElement answer, IDictionary<string, Money> sums)
    {
        foreach (var group in answer.GetProperty("ResultsByTime").EnumerateArray().SelectMany(time => time.GetProperty("Groups").EnumerateArray()))
        {
            // Workspace$client1-prod; nothing behind the sign is what has no such tag.
            var key = group.GetProperty("Keys")[0].GetString()!;
            var workspace = key[(key.IndexOf('$', StringComparison.Ordinal) + 1)..];
            if (workspace.Length == 0)
                continue;
            var cost = group.GetProperty("Metrics").GetProperty(Metric);
            var amount = decimal.Parse(cost.GetProperty("Amount").GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture);
            var before = sums.TryGetValue(workspace, out var sum) ? sum.Amount : 0;
            sums[workspace] = new Money(before + amount, cost.GetProperty("Unit").GetString()!);
        }
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
