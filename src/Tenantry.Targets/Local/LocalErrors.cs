using System.Text.RegularExpressions;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Local;

/// <summary>The one place that reads what OCI runtimes say when they fail.</summary>
internal static partial class LocalErrors
{
    /// <summary>What a failed start means.</summary>
    /// <param name="service">Which service.</param>
    /// <param name="said">What the runtime said.</param>
    internal static TargetException OfStart(string service, string said)
    {
        var resource = new ResourceName("service", service);
        var last = LastLine(said);
        if (Program().Match(last) is { Success: true } program)
            return new TargetException($"The program {program.Groups[1].Value} is not in its file system or cannot be run.", retryable: false, resource, "Correct the service's command, or the root file system that it runs in.");
        if (Folder().IsMatch(last))
            return new TargetException($"It cannot start in its working directory: {last}", retryable: false, resource, "Correct the service's working directory.");
        if (last.Contains("cgroups in hybrid mode not supported", StringComparison.Ordinal))
            return new TargetException("crun refuses this machine's hybrid control groups.", retryable: false, resource, "Use the option runtime=runc.");
        if (last.Contains("No space left on device", StringComparison.Ordinal))
            return new TargetException("The disk is full.", retryable: true, resource, "Free some space.");
        return new TargetException($"The runtime did not start it: {(last.Length > 0 ? last : "it said nothing")}.", retryable: true, resource);
    }

    /// <summary>What a command that could not be run inside a service means.</summary>
    internal static TargetException OfExec(string service, string said)
    {
        var resource = new ResourceName("service", service);
        var last = LastLine(said);
        if (last.Contains("error executing setns process", StringComparison.Ordinal))
            return new TargetException("This version of runc cannot run commands inside: it cannot enter a network that was made before the container.", retryable: false, resource, "Use the tier's runtime crun or runsc.");
        return new TargetException($"The command could not be run in it: {last}.", retryable: true, resource);
    }

    /// <summary>The sentence for a command whose program is not inside a service or cannot be run; null when that is not what went wrong.</summary>
    internal static string? NoProgram(string service, string said) =>
        Program().Match(LastLine(said)) is { Success: true } program ? $"There is no program {program.Groups[1].Value} in the service {service} that can be run." : null;

    private static string LastLine(string said)
    {
        var line = said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";
        line = Stamp().Replace(line, "");
        return Message().Match(line) is { Success: true } message ? message.Groups[1].Value : line;
    }

    // "executable file `x` not found in $PATH: No such file or directory", "exec: \"x\": executable file not found in $PATH",
    // "open executable: Permission denied" and their likes.
    [GeneratedRegex("""(?:executable file [`']|exec: \\?"|open executable )([^`'"\\:]+)""", RegexOptions.IgnoreCase)]
    private static partial Regex Program();

    [GeneratedRegex("chdir|cwd|working directory", RegexOptions.IgnoreCase)]
    private static partial Regex Folder();

    [GeneratedRegex("""\A\d{4}-\d\d-\d\dT[0-9:.]+Z?:?\s*""")]
    private static partial Regex Stamp();

    [GeneratedRegex("""msg="((?:[^"\\]|\\.)*)""")]
    private static partial Regex Message();
}
