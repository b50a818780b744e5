using System.Globalization;

namespace Tenantry.Targets.Linux;

/// <summary>How many files and sockets this process may have open.</summary>
public static class OpenFileLimit
{
    /// <summary>The hard limit, up to which the runtime raises its own at start; null when the kernel does not say.</summary>
    public static ulong? Hard() => Read(File.ReadAllText("/proc/self/limits"));

    /// <summary>Of a text as <c>/proc/self/limits</c> has it.</summary>
    internal static ulong? Read(string limits)
    {
        var line = limits.Split('\n').FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal)) ?? "";
        return line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: >= 5 } fields && ulong.TryParse(fields[4], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
