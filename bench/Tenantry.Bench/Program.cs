using Tenantry.Bench;

// What is measured is in one file each; `bench/run NAME` builds and calls this.
using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(30));
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

switch (args)
{
    case ["local", var program, var results, .. var rest]:
        await new LocalBench(program, results, quick: rest.Contains("--quick")).RunAsync(stop.Token);
        return 0;
    case ["wake", var program, var results, .. var rest]:
        await new WakeBench(program, results, quick: rest.Contains("--quick")).RunAsync(stop.Token);
        return 0;
    case ["gateway", var program, _, "--hold"]:
        await GatewayBench.HoldAsync(program, stop.Token);
        return 0;
    case ["gateway", var program, var results, "--half-load"]:
        await new GatewayBench(program, results, quick: true).HalfLoadAsync(stop.Token);
        return 0;
    case ["gateway", var program, var results, .. var rest]:
        await new GatewayBench(program, results, quick: rest.Contains("--quick")).RunAsync(stop.Token);
        return 0;
    case ["docker", var program, var results, .. var rest]:
        await new DockerBench(program, results, quick: rest.Contains("--quick")).RunAsync(stop.Token);
        return 0;
    case ["aws", var program, var results, .. var rest]:
        await new AwsBench(program, results, quick: rest.Contains("--quick")).RunAsync(stop.Token);
        return 0;
    default:
        await Console.Error.WriteLineAsync("usage: bench/run local|docker|wake|gateway|aws [--quick|--hold|--half-load]");
        return 2;
}
