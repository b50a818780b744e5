using System.Text;
using System.Text.RegularExpressions;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Docker.Networks;

/// <summary>Loads the rules for egress where the engine's bridges are.</summary>
internal sealed partial class EngineFirewall(IEngine engine, DockerTargetOptions options) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    internal async Task AllowAsync(InstanceRef instance, EgressRules egress, CancellationToken cancellationToken)
    {
        // Chains of the map are replaced whole: an instance's own element is taken out first, in the same transaction it comes back.
        await LoadAsync(EgressRuleset.Common(options.Dns), required: true, cancellationToken);
        await ForgetAsync(instance, cancellationToken);
        await LoadAsync(EgressRuleset.ForInstance(DockerNames.Bridge(instance), egress), required: true, cancellationToken);
    }

    /// <summary>What of an instance stands in the map of bridges that may get out. Empty when the table is not there.</summary>
    internal async Task<IReadOnlyList<string>> ReadBridgesAsync(CancellationToken cancellationToken)
    {
        if (Programs.Find("nft") is null || await engine.FindProcessAsync(cancellationToken) is not { } process)
            return [];
        var listed = await ChildProcess.CaptureAsync(new ChildCommand("nsenter", [$"--net=/proc/{process}/ns/net", "--", "nft", "list", "map", .. EgressRuleset.Table.Split(' '), "egress"]), cancellationToken);
        return [.. Bridge().Matches(listed.Output).Select(match => match.Groups[1].Value)];
    }

    internal async Task ForgetAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        foreach (var command in EgressRuleset.Removal(DockerNames.Bridge(instance)))
            await LoadAsync(command, required: false, cancellationToken);
    }

    public void Dispose() => _one.Dispose();

    [GeneratedRegex("\"([a-z0-9]+)\" : ", RegexOptions.NonBacktracking)]
    private static partial Regex Bridge();

    private async Task LoadAsync(string rules, bool required, CancellationToken cancellationToken)
    {
        if (Programs.Find("nft") is null)
        {
            if (!required)
                return;
            throw new TargetException("nft is not installed, and without it egress cannot be held to what the manifest allows.", retryable: false, fix: "apt-get install -y nftables");
        }

        var process = await engine.FindProcessAsync(cancellationToken)
            ?? throw new TargetException("The engine's process cannot be seen, so that its network cannot be found.", retryable: false);
        await _one.WaitAsync(cancellationToken);
        try
        {
            using var input = new MemoryStream(Encoding.UTF8.GetBytes(rules));
            var command = new ChildCommand("nsenter", $"--net=/proc/{process}/ns/net", "--", "nft", "-f", "-") { Input = input };
            var result = await ChildProcess.CaptureAsync(command, cancellationToken);
            if (required && result.ExitCode != 0)
                throw new TargetException($"The rules for egress could not be loaded: {result.LastLines(3)}.", retryable: true);
        }
        finally
        {
            _one.Release();
        }
    }
}
