using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>A real gRPC server behind the gateway, and a real gRPC client in front of it.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly WebApplication app = Build();
    private TestGateway gateway = null!;
    private GrpcChannel channel = null!;

    private CallInvoker Calls => channel.CreateCallInvoker();

    public async Task InitializeAsync()
    {
        await app.StartAsync();
        gateway = await TestGateway.StartAsync();
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", new Uri(app.Urls.First()).Port)) { SpeaksHttp2 = true }));
        channel = GrpcChannel.ForAddress($"http://alice.localhost:{gateway.Port}", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellationToken) =>
                {
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    await socket.ConnectAsync(IPAddress.Loopback, gateway.Port, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
            DisposeHttpClient = true,
        });
    }

    public async Task DisposeAsync()
    {
        channel.Dispose();
        await gateway.DisposeAsync();
        await app.DisposeAsync();
    }

    [Fact]
    public async Task ACallAndItsFailureArriveAsTheAppSaidThem()
    {
        (await Calls.AsyncUnaryCall(Chat.GreetMethod, null, default, "alice")).ShouldBe("hello alice");

        var failure = await Should.ThrowAsync<RpcException>(async () => await Calls.AsyncUnaryCall(Chat.GreetMethod, null, default, "nobody"));
        (failure.StatusCode, failure.Status.Detail).ShouldBe((StatusCode.NotFound, "there is no nobody"));
    }

    [Fact]
    public async Task MessagesGoBothWaysForAsLongAsBothLike()
    {
        using var talk = Calls.AsyncDuplexStreamingCall(Chat.TalkMethod, null, new CallOptions(deadline: DateTime.MaxValue));
        foreach (var text in (string[])["one", "two", new string('x', 300_000)])
        {
            await talk.RequestStream.WriteAsync(text);
            (await talk.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Patience)).ShouldBeTrue();
            talk.ResponseStream.Current.ShouldBe("hello " + text);
        }

        await talk.RequestStream.CompleteAsync();
        (await talk.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Patience)).ShouldBeFalse();
        talk.GetStatus().StatusCode.ShouldBe(StatusCode.OK);
        talk.GetTrailers().GetValue("count").ShouldBe("3");
    }

    [Fact]
    public async Task ACallThatIsCancelledOrTooLateEndsInTheApp()
    {
        using var cancelling = new CancellationTokenSource();
        using var talk = Calls.AsyncDuplexStreamingCall(Chat.TalkMethod, null, new CallOptions(cancellationToken: cancelling.Token));
        await talk.RequestStream.WriteAsync("one");
        await talk.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Patience);
        await cancelling.CancelAsync();
        await Chat.Cancelled.Task.WaitAsync(Patience);

        var late = await Should.ThrowAsync<RpcException>(async () =>
            await Calls.AsyncUnaryCall(Chat.GreetMethod, null, new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(200)), "slow"));
        late.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task AGatewaysOwnAnswerIsUnavailableToTheClient()
    {
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Starting, null) { SpeaksHttp2 = true }));

        var failure = await Should.ThrowAsync<RpcException>(async () => await Calls.AsyncUnaryCall(Chat.GreetMethod, null, default, "alice"));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
    }

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        var web = builder.Build();
        web.MapGrpcService<Chat>();
        return web;
    }

    /// <summary>A service whose messages are texts.</summary>
    [BindServiceMethod(typeof(Chat), nameof(Bind))]
    public class Chat
    {
        private static readonly Marshaller<string> Text = Marshallers.Create(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);

        public static readonly Method<string, string> GreetMethod = new(MethodType.Unary, "shop.Chat", "Greet", Text, Text);

        public static readonly Method<string, string> TalkMethod = new(MethodType.DuplexStreaming, "shop.Chat", "Talk", Text, Text);

        public static TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public static void Bind(ServiceBinderBase binder, Chat? service)
        {
            binder.AddMethod(GreetMethod, service is null ? null : service.Greet);
            binder.AddMethod(TalkMethod, service is null ? null : service.Talk);
        }

        public virtual async Task<string> Greet(string name, ServerCallContext context)
        {
            if (name == "slow")
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            return name == "nobody" ? throw new RpcException(new Status(StatusCode.NotFound, "there is no nobody")) : "hello " + name;
        }

        public virtual async Task Talk(IAsyncStreamReader<string> heard, IServerStreamWriter<string> said, ServerCallContext context)
        {
            var count = 0;
            context.CancellationToken.Register(() => Cancelled.TrySetResult());
            while (await heard.MoveNext(context.CancellationToken))
            {
                count++;
                await said.WriteAsync("hello " + heard.Current);
            }

            context.ResponseTrailers.Add("count", count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
