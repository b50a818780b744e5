using System.Globalization;

namespace Tenantry.Targets.Linux;

/// <summary>
/// One process for all time on this machine: its number alone is used again by the kernel, with its start time and the machine's
/// boot it is not.
/// </summary>
/// <param name="Pid">Its number.</param>
/// <param name="StartTicks">Clock ticks from the machine's boot to its start (field 22 of <c>/proc/PID/stat</c>).</param>
/// <param name="BootId">Which boot of the machine.</param>
public sealed record ProcessIdentity(int Pid, long StartTicks, string BootId)
{
    private static readonly Lazy<string> CurrentBoot = new(() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());

    /// <summary>The machine's present boot.</summary>
    public static string CurrentBootId => CurrentBoot.Value;

    /// <summary>True while exactly this process runs; a process that ended and was not yet waited for does not.</summary>
    public bool IsAlive => BootId == CurrentBootId && ReadStat(Pid) is { } stat && stat.StartTicks == StartTicks && stat.State is not ('Z' or 'X');

    /// <summary>The process that has this number now, ended or not, or null.</summary>
    public static ProcessIdentity? Of(int pid) => ReadStat(pid) is { } stat ? new ProcessIdentity(pid, stat.StartTicks, CurrentBootId) : null;

    internal static ProcessStat? ReadStat(int pid)
    {
        try
        {
            return ParseStat(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")));
        }
        catch (IOException)
        {
            return null;
        }
    }

    // The second field is the program's name in brackets, and may itself hold brackets and spaces.
    internal static ProcessStat? ParseStat(string text)
    {
        var end = text.LastIndexOf(')');
        if (end < 0)
            return null;
        var fields = text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19
            ? new ProcessStat(fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture), long.Parse(fields[19], CultureInfo.InvariantCulture))
            : null;
    }
}

/// <summary>The parts of <c>/proc/PID/stat</c> that are asked for.</summary>
internal sealed record ProcessStat(char State, int Parent, long StartTicks);
