using System.Globalization;

namespace Tenantry.Targets.Linux;

/// <summary>What a process does about signals.</summary>
public static class SignalDisposition
{
    /// <summary>
    /// True when the process has left a signal to the kernel's default. The first process of a process tree never gets such a signal at
    /// all, so that asking it to end that way is of no use.
    /// </summary>
    public static bool IsDefault(int pid, int signal)
    {
        try
        {
            return IsDefault(File.ReadAllText($"/proc/{pid}/status"), signal);
        }
        catch (IOException)
        {
            return true;
        }
    }

    internal static bool IsDefault(string status, int signal)
    {
        return !IsIn(Mask(status, "SigBlk:") | Mask(status, "SigIgn:") | Mask(status, "SigCgt:"), signal);
    }

    /// <summary>True when a set of signals, as the kernel writes it, holds one.</summary>
    internal static bool IsIn(ulong signals, int signal) => (signals & (1UL << (signal - 1))) != 0;

    private static ulong Mask(string status, string name)
    {
        var line = status.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : ulong.Parse(line.AsSpan(name.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
