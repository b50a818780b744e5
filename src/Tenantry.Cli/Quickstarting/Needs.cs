using System.Diagnostics;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Quickstarting;

/// <summary>A program that the quickstart runs, and the Debian package that brings it.</summary>
internal sealed record Need(string Program, string Package, string What);

/// <summary>Finds what is missing on this machine and installs it when that is wanted.</summary>
internal static class Needs
{
    public static readonly IReadOnlyList<Need> All =
    [
        new("crun", "crun", "starts the sandboxes"),
        new("ip", "iproute2", "makes their networks"),
        new("nft", "nftables", "closes what they may not reach"),
        new("mkfs.ext4", "e2fsprogs", "makes volumes with a size"),
        new("npm", "npm", "fetches Node.js and Node-RED"),
    ];

    public static IReadOnlyList<Need> Missing() => [.. All.Where(need => Find(need.Program) is null)];

    /// <summary>Installs them, after asking where somebody can be asked.</summary>
    public static async Task InstallAsync(Call call, IReadOnlyList<Need> missing, bool isAgreed)
    {
        if (missing.Count == 0)
            return;
        var packages = string.Join(' ', missing.Select(n => n.Package));
        call.Output.Line("This machine lacks:");
        foreach (var need in missing)
            call.Output.Line($"  {need.Program,-10} {need.What} (package {need.Package})");
        var command = $"apt-get install -y --no-install-recommends {packages}";
        if (Find("apt-get") is null || !call.Host.IsRoot)
            throw new CliException(ExitCode.Unavailable, "They cannot be installed from here.", call.Host.IsRoot ? "Install them in your system's way and try again." : $"As root: {command}");
        if (!isAgreed && call.Output.CanAsk && !Prompt.Ask(call.Host, $"Install them with '{command}'?"))
            throw new CliException(ExitCode.Unavailable, "Nothing was installed.", $"Install them yourself: {command}");

        call.Output.Line($"Running {command} …");
        await RunAsync("apt-get", ["update", "-qq"], call.CancellationToken);
        await RunAsync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", .. missing.Select(n => n.Package)], call.CancellationToken);
        if (Missing() is { Count: > 0 } still)
            throw new CliException(ExitCode.Unavailable, $"Still missing after the installation: {string.Join(", ", still.Select(n => n.Program))}.");
    }

    private static string? Find(string program)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        string[] system = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        return folders.Concat(system).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    private static async Task RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
            throw new CliException(ExitCode.Failed, $"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}: {Last(await error + await output)}");
    }

    private static string Last(string text) => string.Join(Environment.NewLine, text.TrimEnd().Split('\n').TakeLast(5));
}
