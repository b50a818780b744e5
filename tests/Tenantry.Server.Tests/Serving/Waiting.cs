using System.Runtime.CompilerServices;

namespace Tenantry.Server.Tests.Serving;

/// <summary>Waiting for what will be, with a limit that a slow machine under load does not reach. What was waited for in vain is said.</summary>
internal static class Waiting
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private const int QuietLooks = 5;

    /// <summary>Until the condition holds.</summary>
    public static async Task ForAsync(Func<Task<bool>> condition, int pauseMilliseconds = 25, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (!await condition().SoonAsync(what))
        {
            if (TimeProvider.System.GetElapsedTime(begin) > Limit)
                throw new TimeoutException($"Not so after {Limit.TotalSeconds} s: {what}");
            await Task.Delay(pauseMilliseconds);
        }
    }

    public static Task ForAsync(Func<bool> condition, int pauseMilliseconds = 25, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        ForAsync(() => Task.FromResult(condition()), pauseMilliseconds, what);

    /// <summary>Until that number stays as it is for a while, at least at that much: a thread that has no turn for a moment is no end.</summary>
    public static async Task ForQuietAsync(Func<long> number, long least = 0, [CallerArgumentExpression(nameof(number))] string what = "")
    {
        var begin = TimeProvider.System.GetTimestamp();
        var (before, looks) = (number(), 0);
        while (looks < QuietLooks || before < least)
        {
            if (TimeProvider.System.GetElapsedTime(begin) > Limit)
                throw new TimeoutException($"Not quiet after {Limit.TotalSeconds} s, at {before} and at least {least}: {what}");
            await Task.Delay(100);
            var now = number();
            (before, looks) = (now, now == before ? looks + 1 : 0);
        }
    }

    /// <summary>Until the task has ended: for whatever would be waited for without an end if something else is broken.</summary>
    public static async Task SoonAsync(this Task task, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        try
        {
            await task.WaitAsync(Limit);
        }
        catch (TimeoutException late) when (!task.IsCompleted)
        {
            throw new TimeoutException($"Not ended after {Limit.TotalSeconds} s: {what}", late);
        }
    }

    /// <summary>As above; what the task gives.</summary>
    public static async Task<T> SoonAsync<T>(this Task<T> task, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        await ((Task)task).SoonAsync(what);
        return await task;
    }
}
