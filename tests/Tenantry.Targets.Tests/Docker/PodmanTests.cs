using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>An engine that only speaks as Docker's does.</summary>
public sealed class PodmanTests
{
    // As Podman 4.3.1 answers, shortened.
    private const string Version = """{"Components":[{"Name":"Podman Engine","Version":"4.3.1"},{"Name":"Conmon","Version":"2.1.6"}],"Version":"4.3.1","ApiVersion":"1.41"}""";

    [Fact]
    public async Task PodmanIsNamedAndRefusedBeforeAnythingIsMade()
    {
        using var folder = new TemporaryFolder();
        using var end = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(folder.File("s")));
        listener.Listen();
        var asked = new List<string>();
        var answering = AnswerAsync(listener, asked, end.Token);
        var options = new Dictionary<string, string>(StringComparer.Ordinal) { ["engine"] = $"unix://{folder.File("s")}" };
        await using var target = new DockerTarget(new TargetContext("docker", "owner", folder.File("data"), folder.File("run"), options, TimeProvider.System, NullLogger.Instance));
        var workload = SampleApp.Digested(SampleApp.Make("alice", "owner") with { Services = [SampleApp.Make("alice", "owner").Services[0] with { Image = "app:1" }] });

        var report = await target.ProbeAsync(end.Token);
        var refusal = await Should.ThrowAsync<TargetException>(() => target.PlanAsync(workload, InstanceObservation.Absent(workload.Ref), end.Token));

        report.Works.ShouldBeFalse();
        report.Findings.ShouldContain(finding => finding.Level == ProbeLevel.Missing && finding.Message.Contains("is Podman 4.3.1", StringComparison.Ordinal));
        (refusal.Retryable, refusal.Sentence.Contains("is Podman", StringComparison.Ordinal)).ShouldBe((false, true));
        asked.ShouldAllBe(line => line.EndsWith("/version HTTP/1.1", StringComparison.Ordinal));
        await end.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => answering);
    }

    private static async Task AnswerAsync(Socket listener, List<string> asked, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var socket = await listener.AcceptAsync(cancellationToken);
            await using var stream = new NetworkStream(socket);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            asked.Add(await reader.ReadLineAsync(cancellationToken) ?? "");
            while (await reader.ReadLineAsync(cancellationToken) is { Length: > 0 })
            {
                // Headers tell nothing here.
            }

            await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Version.Length}\r\nConnection: close\r\n\r\n{Version}"), cancellationToken);
        }
    }
}
