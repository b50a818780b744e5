namespace Tenantry.Targets.Local.Running;

/// <summary>When a service that ended by itself is started again. A pure function.</summary>
internal static class RestartPolicy
{
    /// <summary>More exits than this within <see cref="Window"/> are a crash loop.</summary>
    internal const int MostExits = 5;

    internal static readonly TimeSpan Window = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Exits that count, the newest last, and the pause before the next start; null: it is given up.</summary>
    internal static (IReadOnlyList<DateTimeOffset> Exits, TimeSpan? Pause) AfterExit(IReadOnlyList<DateTimeOffset> earlier, DateTimeOffset now)
    {
        List<DateTimeOffset> exits = [.. earlier.Where(exit => now - exit < Window), now];
        if (exits.Count > MostExits)
            return (exits, null);
        var pause = FirstPause * Math.Pow(2, exits.Count - 1);
        return (exits, pause < LongestPause ? pause : LongestPause);
    }
}
