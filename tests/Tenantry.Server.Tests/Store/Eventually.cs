using System.Diagnostics;

namespace Tenantry.Server.Tests.Store;

/// <summary>Waits for a condition instead of for a time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static async Task HoldsAsync(Func<Task<bool>> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        Exception? last = null;
        while (watch.Elapsed < Limit)
        {
            try
            {
                if (await condition().WaitAsync(Limit))
                    return;
            }
            catch (Exception error)
            {
                last = error;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
        throw new TimeoutException($"It did not happen within {Limit.TotalSeconds} s: {what}", last);
    }
}
