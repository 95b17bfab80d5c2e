-- One channel as dashboards draw it: its features and its waveform at as many points as there are pixels, and a spectrum.
-- All of them are bounded: what they read does not grow with the span.

-- What to expect of a channel between two times: the higher of the sample frequencies and the shorter of the batches at both
-- ends. No row where there is no batch.
CREATE FUNCTION channel_pace(
    serial_number text, from_time timestamptz, to_time timestamptz, channel int,
    OUT sensor_id int, OUT sample_frequency_hz double precision, OUT batch_s double precision
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET plan_cache_mode = force_custom_plan  -- chunks are excluded while planning
AS $$
#variable_conflict use_column
BEGIN
    SELECT s.id INTO channel_pace.sensor_id FROM sensor s WHERE s.serial_number = channel_pace.serial_number;
    SELECT max(b.sample_frequency_hz), min(b.sample_count / b.sample_frequency_hz)
    INTO channel_pace.sample_frequency_hz, channel_pace.batch_s
    FROM (
        (SELECT * FROM measurement_batch b
         WHERE b.sensor_id = channel_pace.sensor_id AND b.channel = channel_pace.channel
           AND b.time >= from_time AND b.time < to_time
         ORDER BY b.time LIMIT 1)
        UNION ALL
        (SELECT * FROM measurement_batch b
         WHERE b.sensor_id = channel_pace.sensor_id AND b.channel = channel_pace.channel
           AND b.time >= from_time AND b.time < to_time
         ORDER BY b.time DESC LIMIT 1)
    ) b;
END
$$;

-- Features of one channel's batches with from_time <= time < to_time at about `points` points of time, in order; a point
-- between others at which there is no batch has NULLs. Of every batch while there are at most 100,000; of more, those at
-- the beginning of each point's interval, 50,000 in all: a single shock may then not be among them.
CREATE FUNCTION channel_features(
    serial_number text, from_time timestamptz, to_time timestamptz, channel int DEFAULT 0, points int DEFAULT 1000
)
RETURNS TABLE (
    "time" timestamptz, batches bigint, mean double precision, rms double precision, minimum real, maximum real
)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    pace    record;
    until   timestamptz := least(to_time, now() + interval '1 hour');  -- a sensor's clock may be ahead
    span_s  double precision := extract(epoch FROM until - from_time);
    step    interval;
    seen    interval;       -- of each step
    slice   interval;
    starts  timestamptz;
    ends    timestamptz;
BEGIN
    pace := channel_pace(serial_number, from_time, until, channel);
    IF pace.batch_s IS NULL THEN
        RETURN;
    END IF;
    step := make_interval(secs => greatest(span_s / greatest(points, 1), pace.batch_s, 0.001));
    IF span_s / pace.batch_s <= 100000 THEN
        RETURN QUERY
        WITH found AS (
            SELECT time_bucket(step, b.time) AS time,
                   count(*) AS batches,
                   sum(b.mean::double precision * b.sample_count) / sum(b.sample_count) AS mean,
                   sqrt(sum(b.rms::double precision ^ 2 * b.sample_count) / sum(b.sample_count)) AS rms,
                   min(b.minimum) AS minimum,
                   max(b.maximum) AS maximum
            FROM measurement_batch b
            WHERE b.sensor_id = pace.sensor_id AND b.channel = channel_features.channel
              AND b.time >= from_time AND b.time < until
            GROUP BY 1
        )
        SELECT p.time, f.batches, f.mean, f.rms, f.minimum, f.maximum
        FROM generate_series((SELECT min(f.time) FROM found f), (SELECT max(f.time) FROM found f), step) p (time)
        LEFT JOIN found f ON f.time = p.time
        ORDER BY p.time;
        RETURN;
    END IF;
    seen := step * (50000 * pace.batch_s / span_s);
    -- a few chunks at a time: which of them hold an interval is looked up anew for each
    slice := step * ceil(extract(epoch FROM interval '6 hours') / extract(epoch FROM step));
    starts := time_bucket(step, from_time);
    WHILE starts < until LOOP
        ends := least(starts + slice, until);
        RETURN QUERY
        SELECT p.time, f.*
        FROM generate_series(starts, ends - interval '1 microsecond', step) p (time)
        CROSS JOIN LATERAL (
            SELECT count(*) AS batches,
                   sum(b.mean::double precision * b.sample_count) / sum(b.sample_count),
                   sqrt(sum(b.rms::double precision ^ 2 * b.sample_count) / sum(b.sample_count)),
                   min(b.minimum),
                   max(b.maximum)
            FROM measurement_batch b
            WHERE b.sensor_id = pace.sensor_id AND b.channel = channel_features.channel
              AND b.time >= starts AND b.time < ends
              AND b.time >= p.time AND b.time < p.time + seen
        ) f
        ORDER BY p.time;
        starts := starts + slice;
    END LOOP;
END
$$;

-- The waveform of one channel, from_time <= time < to_time, in order, for about `points` pixels. As it was sampled while that
-- is at most ten samples a pixel (low = high); the extremes of the samples in each pixel while there are at most 100,000;
-- else the extremes of the batches (channel_features). NULLs stand in gaps.
CREATE FUNCTION channel_waveform(
    serial_number text, from_time timestamptz, to_time timestamptz, channel int DEFAULT 0, points int DEFAULT 1000
)
RETURNS TABLE ("time" timestamptz, low real, high real)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    pace  record;
    until timestamptz := least(to_time, now() + interval '1 hour');
    count double precision;
    step  interval;
BEGIN
    pace := channel_pace(serial_number, from_time - interval '1 minute', until, channel);
    count := extract(epoch FROM until - from_time) * pace.sample_frequency_hz;
    step := make_interval(
        secs => greatest(extract(epoch FROM until - from_time) / greatest(points, 1), 1 / pace.sample_frequency_hz)
    );
    IF count <= 10 * points THEN
        RETURN QUERY
        WITH sample AS (
            SELECT s.time, s.value, lag(s.time) OVER (ORDER BY s.time_ns) AS before
            FROM samples(serial_number, from_time, until, channel) s
        )
        SELECT s.time, s.value, s.value FROM sample s
        UNION ALL
        SELECT s.before + (s.time - s.before) / 2, NULL, NULL FROM sample s
        -- a batch is missing; less is a clock that was set
        WHERE s.time - s.before > make_interval(secs => greatest(1.5 / pace.sample_frequency_hz, 0.5 * pace.batch_s))
        ORDER BY 1;
    ELSIF count <= 100000 THEN
        RETURN QUERY
        WITH found AS (
            SELECT time_bucket(step, s.time) AS time, min(s.value) AS low, max(s.value) AS high
            FROM samples(serial_number, from_time, until, channel) s
            GROUP BY 1
        )
        SELECT p.time, f.low, f.high
        FROM generate_series((SELECT min(f.time) FROM found f), (SELECT max(f.time) FROM found f), step) p (time)
        LEFT JOIN found f ON f.time = p.time
        ORDER BY p.time;
    ELSE
        RETURN QUERY
        SELECT f.time, f.minimum, f.maximum FROM channel_features(serial_number, from_time, until, channel, points) f;
    END IF;
END
$$;

-- |Σ x_i e^(-2πi k i / n)| for k = 0 … n/2 of n values, n a power of two: radix 2, decimation in time, in place (J. Cooley,
-- J. Tukey, Math. Comp. 19 (1965)). 6 µs a value, where a sum for each line would take seconds.
CREATE FUNCTION fourier_magnitudes("values" double precision[]) RETURNS double precision[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    n         int := cardinality("values");
    x         double precision[] := "values";                             -- the real parts
    y         double precision[] := array_fill(0::double precision, ARRAY[n]);
    cosines   double precision[];
    sines     double precision[];
    reversed  int := 0;                                                   -- the bits of i the other way round
    bit       int;
    half      int := 1;                                                   -- of the transforms that are joined now
    stride    int;
    a         int;
    b         int;
    c         double precision;
    s         double precision;
    turned_x  double precision;
    turned_y  double precision;
    kept      double precision;
BEGIN
    IF n < 2 OR n & (n - 1) <> 0 THEN
        RAISE EXCEPTION '% values: a power of two is wanted', n;
    END IF;
    SELECT array_agg(cos(2 * pi() * i / n) ORDER BY i), array_agg(-sin(2 * pi() * i / n) ORDER BY i)
    INTO cosines, sines FROM generate_series(0, n / 2 - 1) i;
    FOR i IN 0 .. n - 2 LOOP
        IF i < reversed THEN
            kept := x[i + 1];
            x[i + 1] := x[reversed + 1];
            x[reversed + 1] := kept;
        END IF;
        bit := n / 2;
        WHILE bit > 0 AND bit <= reversed LOOP
            reversed := reversed - bit;
            bit := bit / 2;
        END LOOP;
        reversed := reversed + bit;
    END LOOP;
    WHILE half < n LOOP
        stride := n / (2 * half);
        FOR k IN 0 .. half - 1 LOOP
            c := cosines[k * stride + 1];
            s := sines[k * stride + 1];
            a := k + 1;
            WHILE a <= n LOOP
                b := a + half;
                turned_x := c * x[b] - s * y[b];
                turned_y := c * y[b] + s * x[b];
                x[b] := x[a] - turned_x;
                y[b] := y[a] - turned_y;
                x[a] := x[a] + turned_x;
                y[a] := y[a] + turned_y;
                a := a + 2 * half;
            END LOOP;
        END LOOP;
        half := 2 * half;
    END LOOP;
    RETURN (
        SELECT array_agg(sqrt(u.x * u.x + u.y * u.y) ORDER BY u.i)
        FROM unnest(x, y) WITH ORDINALITY AS u (x, y, i) WHERE u.i <= n / 2 + 1
    );
END
$$;

-- The amplitude spectrum of a channel's newest samples before a moment, 0 Hz to half the sample frequency: a sine of
-- amplitude A reads A, less up to 15 % where its frequency lies between two lines. One Hann window, no average. Of as many
-- samples as the largest power of two that is at most `length` and that were taken without a gap, at one frequency, in one
-- session; no rows where those are fewer than 32.
CREATE FUNCTION amplitude_spectrum(
    serial_number text, before timestamptz, channel int DEFAULT 0, length int DEFAULT 4096
)
RETURNS TABLE (frequency_hz double precision, amplitude double precision)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 2048
SET plan_cache_mode = force_custom_plan  -- chunks are excluded while planning
AS $$
#variable_conflict use_column
DECLARE
    the_sensor int;
    before_ns  bigint := time_to_nanoseconds(before);
    newest     record;
    batch      record;
    next_ns    bigint;            -- when the batch begins that was taken last
    found      real[] := '{}';
    n          int;
BEGIN
    IF length NOT BETWEEN 32 AND 8192 THEN
        RAISE EXCEPTION 'a spectrum of % samples: 32 to 8192 are possible', length;
    END IF;
    SELECT s.id INTO the_sensor FROM sensor s WHERE s.serial_number = amplitude_spectrum.serial_number;
    SELECT b.time, b.session, b.sample_frequency_hz AS hz,
           make_interval(secs => length / b.sample_frequency_hz) + s.longest_batch AS reach
    INTO newest
    FROM measurement_batch b JOIN sensor s ON s.id = b.sensor_id
    WHERE b.sensor_id = the_sensor AND b.channel = amplitude_spectrum.channel AND b.time < before
    ORDER BY b.time DESC LIMIT 1;
    IF newest IS NULL THEN
        RETURN;
    END IF;
    FOR batch IN
        SELECT b.time_ns, b.sample_count, b.samples
        FROM measurement_batch b
        WHERE b.sensor_id = the_sensor AND b.channel = amplitude_spectrum.channel
          AND b.time > newest.time - newest.reach AND b.time <= newest.time
          AND b.session = newest.session AND b.sample_frequency_hz = newest.hz
        ORDER BY b.time DESC, b.sequence DESC
    LOOP
        IF next_ns IS NULL THEN
            n := least(batch.sample_count, ceil((before_ns - batch.time_ns) * newest.hz / 1e9));
        ELSE
            n := batch.sample_count;
            EXIT WHEN abs(sample_time_ns(batch.time_ns, n, newest.hz) - next_ns) > 0.5e9 / newest.hz;
        END IF;
        found := batch.samples[greatest(1, n - length + 1) : n] || found;
        next_ns := batch.time_ns;
        EXIT WHEN cardinality(found) >= length;
    END LOOP;
    IF cardinality(found) < 32 THEN
        RETURN;
    END IF;
    n := 32;
    WHILE 2 * n <= least(length, cardinality(found)) LOOP
        n := 2 * n;
    END LOOP;
    found := found[cardinality(found) - n + 1 :];
    RETURN QUERY
    WITH sample AS (
        SELECT u.value - avg(u.value) OVER () AS value, u.i
        FROM unnest(found::double precision[]) WITH ORDINALITY AS u (value, i)
    ), spectrum AS (
        SELECT fourier_magnitudes(array_agg(
            value * (0.5 - 0.5 * cos(2 * pi() * (i - 1) / n)) ORDER BY i  -- Hann: they sum to n / 2
        )) AS magnitudes FROM sample
    )
    SELECT (line.k - 1) * newest.hz / n,
           line.magnitude * CASE WHEN line.k IN (1, n / 2 + 1) THEN 2.0 ELSE 4.0 END / n
    FROM spectrum CROSS JOIN unnest(spectrum.magnitudes) WITH ORDINALITY AS line (magnitude, k)
    ORDER BY line.k;
END
$$;
