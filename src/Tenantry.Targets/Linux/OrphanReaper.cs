using System.Globalization;

namespace Tenantry.Targets.Linux;

/// <summary>
/// Waits for dead children that nobody else waits for. A subreaper inherits what its children leave; what this process started itself is
/// waited for within moments, so a child that is found dead twice, a minute apart, is nobody's.
/// </summary>
internal sealed class OrphanReaper
{
    private HashSet<ProcessIdentity> _dead = [];

    /// <summary>Looks once; called about once a minute. Gives how many it waited for.</summary>
    internal int Look()
    {
        var dead = Children().Where(child => ProcessIdentity.ReadStat(child) is { State: 'Z' }).Select(ProcessIdentity.Of).OfType<ProcessIdentity>().ToHashSet();
        var reaped = 0;
        foreach (var child in dead.Where(_dead.Contains))
        {
            using var handle = ProcessHandle.Open(child.Pid);
            if (handle is not null && handle.ReadExit() != ProcessExit.Unknown)
                reaped++;
        }

        _dead = dead;
        return reaped;
    }

    /// <summary>
    /// Waits at once for dead children that lived in a process tree of their own and were not its first: commands inside containers whose runtime
    /// went before them. Nobody here started them, and as long as one of them is not waited for, the first process of its tree cannot end.
    /// </summary>
    internal static int ReapInside()
    {
        var reaped = 0;
        foreach (var child in Children())
        {
            if (!IsDeadInside(ReadStatus(child)))
                continue;
            using var handle = ProcessHandle.Open(child);
            if (handle is not null && handle.ReadExit() != ProcessExit.Unknown)
                reaped++;
        }

        return reaped;
    }

    // NSpid: its number here, and then in each process tree down to its own.
    internal static bool IsDeadInside(string status)
    {
        var lines = status.Split('\n');
        return lines.Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal))
            && lines.FirstOrDefault(line => line.StartsWith("NSpid:", StringComparison.Ordinal)) is { } numbers
            && numbers.Split('\t', StringSplitOptions.RemoveEmptyEntries) is { Length: > 2 } parts && parts[^1].Trim() != "1";
    }

    private static string ReadStatus(int pid)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status"));
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static IEnumerable<int> Children()
    {
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            string text;
            try
            {
                text = File.ReadAllText(Path.Combine(thread, "children"));
            }
            catch (IOException)
            {
                // The thread ended, or the kernel does not tell.
                continue;
            }

            foreach (var child in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                yield return int.Parse(child, CultureInfo.InvariantCulture);
        }
    }
}
