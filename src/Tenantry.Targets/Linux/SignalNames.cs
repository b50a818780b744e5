namespace Tenantry.Targets.Linux;

/// <summary>Numbers of signals by name, as on x86-64 and arm64.</summary>
public static class SignalNames
{
    public const int Kill = 9;
    public const int Terminate = 15;

    private static readonly string[] Names =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary>The name without <c>SIG</c>, or the number where it has none.</summary>
    public static string Of(int signal) => signal > 0 && signal < Names.Length ? Names[signal] : $"{signal}";

    /// <summary>The number of <c>TERM</c> or <c>SIGTERM</c>, or null for a name that is not known.</summary>
    public static int? NumberOf(string name)
    {
        var bare = name.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? name[3..] : name;
        var number = Array.FindIndex(Names, candidate => candidate.Equals(bare, StringComparison.OrdinalIgnoreCase));
        return number > 0 ? number : null;
    }
}
