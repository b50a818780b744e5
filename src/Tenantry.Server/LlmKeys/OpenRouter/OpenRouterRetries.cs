using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Tenantry.Server.LlmKeys.OpenRouter;

/// <summary>
/// What is asked again by itself, and how often. Asking for a key is repeated only when OpenRouter said that it did nothing (429): anything else may have
/// made one, and a second one would be nobody's.
/// </summary>
internal sealed record OpenRouterRetries(ResiliencePipeline Repeatable, ResiliencePipeline Once)
{
    // What asks to be left alone for longer is left to the reconciler, which has other instances to look at meanwhile.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private const int Tries = 3;

    public static OpenRouterRetries Of(TimeProvider time, TimeSpan? patience = null) => new(
        Pipeline(time, patience ?? Patience, failure => failure.Fault is LlmFault.Unavailable or LlmFault.TooManyRequests),
        Pipeline(time, patience ?? Patience, failure => failure.Fault is LlmFault.TooManyRequests));

    private static ResiliencePipeline Pipeline(TimeProvider time, TimeSpan patience, Func<LlmProviderException, bool> mayRepeat) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = Tries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstWait,
            ShouldHandle = attempt => ValueTask.FromResult(
                attempt.Outcome.Exception is LlmProviderException failure && mayRepeat(failure) && !(failure.RetryAfter > LongestWait)),
            DelayGenerator = attempt => ValueTask.FromResult((attempt.Outcome.Exception as LlmProviderException)?.RetryAfter),
        })
        .AddStrategy(_ => new TimeoutAsFault(), new TimeoutAsFaultOptions())
        .AddTimeout(patience)
        .Build();

    private sealed class TimeoutAsFaultOptions : ResilienceStrategyOptions;

    // Inside of the retries, so that they know it.
    private sealed class TimeoutAsFault : ResilienceStrategy
    {
        protected override async ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
        {
            var outcome = await callback(context, state).ConfigureAwait(context.ContinueOnCapturedContext);
            return outcome.Exception is TimeoutRejectedException late
                ? Outcome.FromException<TResult>(new LlmProviderException(LlmFault.Unavailable, $"OpenRouter did not answer within {late.Timeout.TotalSeconds:0} s.", cause: late))
                : outcome;
        }
    }
}
