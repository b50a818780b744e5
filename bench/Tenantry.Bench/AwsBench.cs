using System.Diagnostics;
using System.Globalization;
using Tenantry.Model.Wire;

namespace Tenantry.Bench;

/// <summary>
/// Target `aws` against a bare `terraform apply` of the same module set, on one emulator of AWS and in one run. The two take turns, so that whatever else the machine does falls on both.
/// </summary>
internal sealed class AwsBench(string program, string results, bool quick)
{
    private const double AllowedPercent = 5;
    private const string App = "bench-aws";
    private const string Manifest = $$"""
        app: {{App}}
        version: "1"
        services:
          web:
            image: public.ecr.aws/docker/library/busybox@sha256:0000000000000000000000000000000000000000000000000000000000000001
            command: [busybox, httpd, -f, -p, "8080"]
            ports: [8080]
            env: { TOKEN: "${secret.token}" }
            health: { http: / }
        secrets:
          token: { generate: token }
        egress: internet
        tiers:
          small: { memory: 512MB, cpu: 0.25 }
        """;

    private readonly int rounds = quick ? 1 : 3;
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly Report report = new("Target `aws`");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var load = Load();
        await using var peer = await AwsPeer.StartAsync(cancellationToken);
        await using var plane = await ControlPlane.StartAsync(program, cancellationToken);
        var options = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["region"] = AwsPeer.Region,
            ["endpoint"] = peer.Endpoint.ToString(),
            ["state"] = $"s3://{AwsPeer.Bucket}/prod",
            ["project"] = "bench",
            ["drift-every"] = "24h",
            ["entrance"] = quick ? "address" : "load-balancer",
        };
        await plane.Client.Targets.Create("aws", new PutTargetRequest("aws", options)).SendAsync(cancellationToken);
        await plane.Client.Apps.Apply(new ApplyAppRequest(Manifest)).SendAsync(cancellationToken);
        var fleet = new Fleet(plane, App, "aws");
        var first = await TimeAsync(() => fleet.CreateAsync("first", cancellationToken));
        Tell("the first of its kind");
        var variables = await peer.VariablesAsync("first", cancellationToken);
        var root = Root(plane.Data);
        var (bare, ours, cpu) = (new Samples(), new Samples(), 0.0);
        for (var round = 0; round < rounds; round++)
        {
            bare.Add(await peer.ApplyAsync(root, variables, round, cancellationToken));
            Tell("terraform apply");
            var before = Programs.CpuSeconds(plane.Processes);
            var name = string.Create(CultureInfo.InvariantCulture, $"c{round}");
            ours.Add(await TimeAsync(() => fleet.CreateAsync(name, cancellationToken)));
            cpu += Programs.CpuSeconds(plane.Processes) - before;
            Tell("tenantry");
        }

        Write(load, first, bare, ours, cpu / rounds);
        await report.WriteAsync(quick ? "/dev/null" : Path.Combine(results, "aws.md"));
    }

    private void Write(string load, TimeSpan first, Samples bare, Samples ours, double cpu)
    {
        var percent = ((ours.P50 / bare.P50) - 1) * 100;
        report.Say();
        report.Say($"Terraform and its provider as they are, moto in place of AWS, {Environment.ProcessorCount} cores, load {load} before the run and {Load()} after it. {rounds} round{(rounds == 1 ? "" : "s")}, the two ways in turns. The module set with network, Fargate service, {(quick ? "" : "load balancer, ")}logs, alarms and dashboard; state and lock in a bucket.");
        report.Say("## Create → healthy");
        report.Table(
            ["way", "p50 s", "of all", "× bare (p50)"],
            ["terraform apply, by hand", Seconds(bare.P50), Range(bare), "1"],
            ["tenantry, target aws (request to the API → the operation is done)", Seconds(ours.P50), Range(ours), (ours.P50 / bare.P50).ToString("0.000", CultureInfo.InvariantCulture)],
            ["the same, first instance of its kind on a new engine, with `terraform init` and a plan", Seconds(first.TotalMilliseconds), "once", (first.TotalMilliseconds / bare.P50).ToString("0.000", CultureInfo.InvariantCulture)]);
        report.Say($"Aim: overhead ≤ {AllowedPercent} %: **{Report.Verdict(percent <= AllowedPercent)}** ({Signed(percent)} %). In ours are also the secret, which is written by API, the instance's record and the wait for health. Of the first of its kind Terraform makes a plan before it is applied; the plan of the next ones with the same parts is known.");
        report.Say($"Processor time of the control plane itself for one instance, Terraform not counted: {Seconds(cpu * 1000)} s. The whole run took {Report.Number(watch.Elapsed.TotalMinutes)} minutes.");
    }

    // The engine has one folder for the real state and one for a state that is always empty.
    private static string Root(string data) => Directory.EnumerateDirectories(Path.Combine(data, "targets", "aws", "work"))
        .Single(folder => File.ReadAllText(Path.Combine(folder, "backend.tf.json")).Contains("\"s3\"", StringComparison.Ordinal));

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string Seconds(double milliseconds) => (milliseconds / 1000).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Range(Samples samples) => $"{Seconds(samples.Least)} to {Seconds(samples.Most)}";

    private static string Signed(double percent) => percent.ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);

    private void Tell(string phase) => Console.Error.WriteLine($"{watch.Elapsed.TotalSeconds,5:0} s  {phase}");

    private static async Task<TimeSpan> TimeAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started);
    }
}
