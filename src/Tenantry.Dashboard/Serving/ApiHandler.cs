using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Tenantry.Server.Access;

namespace Tenantry.Dashboard.Serving;

/// <summary>
/// Asks the API in this process on behalf of who asked for a page. Rules, checks and the audit are those of a request that came over the network, since it is the
/// same code that answers.
/// </summary>
internal sealed class ApiHandler(RequestDelegate api, HttpContext page) : HttpMessageHandler
{
    private const string ForwardedFor = "X-Forwarded-For";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var ending = CancellationTokenSource.CreateLinkedTokenSource(page.RequestAborted, cancellationToken);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19));
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var context = await ContextAsync(request, new ApiAnswer(pipe.Writer.AsStream(), begun.SetResult), ending);
        _ = RunAsync(context, pipe.Writer, begun);
        try
        {
            await begun.Task.WaitAsync(ending.Token);
        }
        catch
        {
            await ending.CancelAsync();
            throw;
        }

        var response = new HttpResponseMessage((HttpStatusCode)context.Response.StatusCode)
        {
            RequestMessage = request,
            Content = new StreamContent(new EndingStream(pipe.Reader.AsStream(), ending)),
        };
        foreach (var (name, values) in context.Response.Headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, values.ToArray()))
                response.Content.Headers.TryAddWithoutValidation(name, values.ToArray());
        }

        return response;
    }

    private async Task RunAsync(HttpContext context, PipeWriter body, TaskCompletionSource begun)
    {
        Exception? failure = null;
        try
        {
            await page.RequestServices.GetRequiredService<Problems>().InvokeAsync(context, api);
            await context.Response.CompleteAsync();
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }

        if (context.RequestAborted.IsCancellationRequested)
            failure ??= new IOException("The answer was cut.");
        await body.CompleteAsync(failure);
        begun.TrySetResult();
    }

    private async Task<HttpContext> ContextAsync(HttpRequestMessage request, ApiAnswer answer, CancellationTokenSource ending)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(answer);
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer.Begin));
        features.Set<IHttpRequestLifetimeFeature>(new Lifetime(ending));
        features.Set(Caller.Of(page));
        // Whoever tries passwords on a page does so from somewhere.
        if (page.Features.Get<IHttpConnectionFeature>() is { } connection)
            features.Set(connection);
        var context = new DefaultHttpContext(features) { RequestServices = page.RequestServices, TraceIdentifier = page.TraceIdentifier };
        context.Request.Protocol = "HTTP/1.1";
        context.Request.Method = request.Method.Method;
        context.Request.Scheme = page.Request.Scheme;
        context.Request.Host = page.Request.Host;
        context.Request.Path = PathString.FromUriComponent(request.RequestUri!);
        context.Request.QueryString = QueryString.FromUriComponent(request.RequestUri!);
        foreach (var (name, values) in request.Headers.NonValidated)
            context.Request.Headers[name] = values.ToArray();
        if (page.Request.Headers.TryGetValue(ForwardedFor, out var forwarded))
            context.Request.Headers[ForwardedFor] = forwarded;
        if (request.Content is { } content)
        {
            foreach (var (name, values) in content.Headers.NonValidated)
                context.Request.Headers[name] = values.ToArray();
            context.Request.Body = await content.ReadAsStreamAsync(ending.Token);
        }

        return context;
    }

    private sealed class Lifetime(CancellationTokenSource ending) : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted { get; set; } = ending.Token;

        public void Abort() => ending.Cancel();
    }

    /// <summary>Who has read enough ends the request.</summary>
    private sealed class EndingStream(Stream inner, CancellationTokenSource ending) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                ending.Cancel();
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
