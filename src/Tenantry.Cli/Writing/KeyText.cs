using System.Globalization;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Writing;

/// <summary>What an LLM key may spend, in words.</summary>
internal static class KeyText
{
    public static string Cap(MoneyResponse limit, LlmReset? reset) => "at most " + Limit(limit, reset);

    public static string Limit(MoneyResponse limit, LlmReset? reset) =>
        $"{MoneyText.Write(decimal.Parse(limit.Amount, CultureInfo.InvariantCulture))} {(reset is null or LlmReset.None ? "in all" : reset.Value.ToString().ToLowerInvariant())}";
}
