using System.Net;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Quickstarting;

/// <summary>Whether two tenants are really two: every promise that the quickstart can test is tested.</summary>
internal static class Separation
{
    public static async Task VerifyAsync(Call call, Visitor visitor, DemoTenant one, DemoTenant other)
    {
        var cancel = call.CancellationToken;
        var ones = await visitor.CountAsync(one.Name, cancel);
        var others = await visitor.CountAsync(other.Name, cancel);
        await visitor.CountAsync(one.Name, cancel);
        Check(call, $"{one.Name} counts for itself", await visitor.CountAsync(one.Name, cancel) == ones + 2);
        Check(call, $"{other.Name} saw none of it", await visitor.CountAsync(other.Name, cancel) == others + 1);
        Check(call, $"{one.Name}'s token opens {one.Name}'s editor", await visitor.ReadFlowsAsync(one.Name, one.Token, cancel) == HttpStatusCode.OK);
        Check(call, $"{other.Name}'s token opens {other.Name}'s editor", await visitor.ReadFlowsAsync(other.Name, other.Token, cancel) == HttpStatusCode.OK);
        Check(call, $"{one.Name}'s token is refused by {other.Name}", await visitor.ReadFlowsAsync(other.Name, one.Token, cancel) == HttpStatusCode.Unauthorized);
        Check(call, $"{other.Name}'s token is refused by {one.Name}", await visitor.ReadFlowsAsync(one.Name, other.Token, cancel) == HttpStatusCode.Unauthorized);
        Check(call, "a host name that is nobody's is refused", await visitor.OpenAsync("nobody-at-all", cancel) == HttpStatusCode.NotFound);
    }

    private static void Check(Call call, string sentence, bool holds)
    {
        if (!holds)
            throw new CliException(ExitCode.Failed, $"Not true: {sentence}.");
        call.Output.Line($"  ✓ {sentence}");
    }
}
