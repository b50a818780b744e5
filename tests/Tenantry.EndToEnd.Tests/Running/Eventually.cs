using System.Diagnostics;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>Waits for conditions on a machine that may be slow and busy.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>Waits until the condition holds; says what was seen last when it does not.</summary>
    public static async Task HoldsAsync(Func<Task<(bool Holds, string Seen)>> look)
    {
        var begin = Stopwatch.StartNew();
        while (true)
        {
            var (holds, seen) = await look();
            if (holds)
                return;
            if (begin.Elapsed > Limit)
                throw new TimeoutException($"Not so after {Limit}. Seen last: {seen}");
            await Task.Delay(50);
        }
    }

    public static Task HoldsAsync(Func<(bool Holds, string Seen)> look) => HoldsAsync(() => Task.FromResult(look()));
}
