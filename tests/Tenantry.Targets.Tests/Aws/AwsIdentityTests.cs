using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>As whom AWS is asked. STS answers over HTTP here, with what the emulator never says.</summary>
public sealed class AwsIdentityTests
{
    private const string Keys = """
        <R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Result><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></Result></R>
        """;

    [Fact]
    public async Task AnAccountThatLetsNobodyInYetIsWaitedFor()
    {
        var refusals = 3;
        using var sts = new Answering(asked =>
            asked.Contains("ListAccounts", StringComparison.Ordinal) ? (200, """{"Accounts":[{"Id":"210987654321","Name":"demo-alice","Status":"ACTIVE"}]}""")
            : asked.Contains("Action=GetCallerIdentity", StringComparison.Ordinal) ? (200, "<R><Arn>arn:x</Arn></R>")
            : refusals-- > 0 ? (403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>")
            : (200, Keys));
        using var folder = new TemporaryFolder();
        // As the emulator's tests have them.
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "test");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "test");
        var options = new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1", ["project"] = "demo", ["isolation"] = "account", ["account-email"] = "a+{tenant}@example.com", ["endpoint"] = sts.Address.ToString() };
        using var host = new AwsHost(new TargetContext("aws", "o", folder.File("data"), folder.File("run"), options, TimeProvider.System, NullLogger.Instance), AwsTargetOptions.Parse(options));
        var told = new List<string>();
        var accounts = new AwsAccounts(host, TimeSpan.FromMilliseconds(10));
        (await accounts.IsOpenAsync("210987654321", CancellationToken.None)).ShouldBeFalse("a plan then makes the account, which waits for it");
        (await accounts.EnsureAsync("alice", told.Add, CancellationToken.None)).ShouldBe("210987654321");
        (await accounts.IsOpenAsync("210987654321", CancellationToken.None)).ShouldBeTrue();
        told.ShouldBe(["AWS is making it", "AWS is making it"]);
    }

    [Fact]
    public async Task AWebIdentityGivesKeysOfItsRole()
    {
        var asked = "";
        using var sts = new Answering(request =>
        {
            asked = request;
            return (200, Keys);
        });
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("token"), "a.web.token\n");
        using var http = new HttpClient();
        var given = new Dictionary<string, string>(StringComparer.Ordinal) { ["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder.File("token"), ["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/engine", ["AWS_PROFILE"] = "other" };
        var found = await new AwsCredentials(http, sts.Address, null, TimeProvider.System, name => given.GetValueOrDefault(name)).GetAsync(CancellationToken.None);
        (found.Id, found.Token).ShouldBe(("ASIA1", "t"));
        asked.ShouldContain("Action=AssumeRoleWithWebIdentity");
        asked.ShouldContain("WebIdentityToken=a.web.token");
        asked.ShouldNotContain("Authorization:");
    }

    // Nor does the machine's own role: Terraform would be somebody else.
    [Theory]
    [InlineData("client", "")]
    [InlineData(null, "client")]
    public async Task AProfileThatIsNamedAndMissingIsAnErrorAndNothingElseStandsInForIt(string? option, string variable)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("credentials"), "[default]\naws_access_key_id = A\naws_secret_access_key = B\n");
        using var http = new HttpClient();
        var given = new Dictionary<string, string>(StringComparer.Ordinal) { ["AWS_SHARED_CREDENTIALS_FILE"] = folder.File("credentials"), ["AWS_PROFILE"] = variable, ["AWS_EC2_METADATA_DISABLED"] = "true" };
        var failure = await Should.ThrowAsync<AwsException>(() => new AwsCredentials(http, new Uri("http://127.0.0.1:9/"), option, TimeProvider.System, name => given.GetValueOrDefault(name)).GetAsync(CancellationToken.None));
        failure.Message.ShouldBe($"The profile client has no keys in {folder.File("credentials")}. Profiles that sign in or assume a role (in ~/.aws/config) are not read.");
        AwsErrors.Explain(failure, "Planning").Retryable.ShouldBeFalse();
        given["AWS_PROFILE"] = "";
        (await new AwsCredentials(http, new Uri("http://127.0.0.1:9/"), null, TimeProvider.System, name => given.GetValueOrDefault(name)).GetAsync(CancellationToken.None)).Id.ShouldBe("A");
    }

    /// <summary>Answers each request over a connection of its own.</summary>
    private sealed class Answering : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Func<string, (int Status, string Body)> _answer;

        internal Answering(Func<string, (int Status, string Body)> answer)
        {
            _answer = answer;
            _listener.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
            _ = AcceptAsync();
        }

        internal Uri Address { get; }

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    await AnswerAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException)
            {
                // It was closed.
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            using (client)
            {
                var (stream, request, buffer) = (client.GetStream(), new StringBuilder(), new byte[8192]);
                while (!IsWhole(request.ToString()) && await stream.ReadAsync(buffer) is var read and > 0)
                    request.Append(Encoding.UTF8.GetString(buffer, 0, read));
                var (status, body) = _answer(request.ToString());
                await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status} x\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"));
            }
        }

        private static bool IsWhole(string request)
        {
            var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
                return false;
            var length = request.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            return length is null || request.Length - end - 4 >= int.Parse(length.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
