using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Ranges;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>An AWS target on folders of its own, over the emulator that the tests share.</summary>
internal sealed class AwsHarness : ContractHarness
{
    // In the registry of the region, as an app without a way out needs it.
    internal const string Image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/busybox@sha256:0000000000000000000000000000000000000000000000000000000000000001";

    // In a repository of its own, as where one team keeps the tools and another the app.
    internal const string FilesImage = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/tools/busybox@sha256:0000000000000000000000000000000000000000000000000000000000000002";

    // Started some hundred times: by the interpreter itself, and not by whatever finds one first.
    private static readonly Lazy<string> StandIn = new(() =>
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Aws");
        var (script, made) = (File.ReadAllLines(Path.Combine(folder, "terraform_stand_in.py")), Path.Combine(folder, "terraform_stand_in"));
        script[0] = $"#!{AwsEmulatorFixture.Interpreter} -IS";
        File.WriteAllLines(made, script);
        File.SetUnixFileMode(made, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return made;
    });

    private readonly TemporaryFolder _folder = new();
    private readonly List<AwsTarget> _targets = [];
    private readonly AwsEmulatorFixture _emulator;
    private readonly string? _program;
    private readonly Dictionary<string, string> _more;
    private readonly RememberedRanges _ranges = new(TimeProvider.System);

    /// <summary>Makes one.</summary>
    /// <param name="emulator">What stands for AWS.</param>
    /// <param name="isReal">With Terraform itself instead of its stand-in.</param>
    /// <param name="more">Further options.</param>
    internal AwsHarness(AwsEmulatorFixture emulator, bool isReal = false, params (string Key, string Value)[] more)
    {
        _emulator = emulator;
        _program = isReal ? null : StandIn.Value;
        _more = more.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        if (isReal)
            RealTerraform.Use(_folder.Path);
        Owner = $"owner-{Guid.NewGuid():N}"[..20];
        Aws = Open();
    }

    internal static string StandInProgram => StandIn.Value;

    internal AwsTarget Aws { get; }

    internal string Folder => _folder.Path;

    internal INetworkRanges Ranges => _ranges;

    public override ITarget Target => Aws;

    public override string Owner { get; }

    public override bool RunsApps => false;

    public override bool OrdersByItself => true;

    public override int CutsEvery => 7;

    public override ITarget Reopen() => Open();

    internal AwsTarget Open(params (string Key, string Value)[] more) => OpenIn("", more);

    /// <summary>One of another machine, which has none of this one's files and shares its bucket.</summary>
    internal AwsTarget OpenElsewhere() => OpenIn("elsewhere-");

    private AwsTarget OpenIn(string prefix, params (string Key, string Value)[] more)
    {
        var options = new Dictionary<string, string>(_more, StringComparer.Ordinal)
        {
            ["region"] = AwsEmulatorFixture.Region,
            ["endpoint"] = _emulator.Endpoint.ToString(),
        };
        foreach (var (key, value) in more)
            options[key] = value;
        foreach (var key in options.Where(pair => pair.Value.Length == 0).Select(pair => pair.Key).ToList())
            options.Remove(key);
        options.TryAdd("state", $"s3://{AwsEmulatorFixture.Bucket}/{Owner}");
        options.TryAdd("entrance", "address");
        options.TryAdd("project", "demo");
        options.TryAdd("files-image", FilesImage);
        if (_program is not null)
            options.TryAdd("program", _program);
        var target = new AwsTarget(new TargetContext("aws", Owner, _folder.File($"{prefix}data"), _folder.File($"{prefix}run"), options, TimeProvider.System, NullLogger.Instance) { Ranges = _ranges });
        _targets.Add(target);
        return target;
    }

    public override InstanceWorkload Fit(InstanceWorkload workload) =>
        workload with { Services = [.. workload.Services.Select(service => service with { Image = Image })] };

    public override InstanceWorkload Failing(InstanceWorkload workload) =>
        SampleApp.Digested(workload with { Services = [workload.Services[0] with { Command = ["/bin/sh", "-c", "echo boom; exit 3"] }] });

    public override async Task KillAsync(InstanceRef instance)
    {
        using var answer = await _emulator.SendAsync(HttpMethod.Post, $"emulator/kill/{AwsNames.Short(instance)}", "ecs");
        answer.EnsureSuccessStatusCode();
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var target in _targets)
            await target.DisposeAsync();
        _folder.Dispose();
    }
}
