;; The two passes of src/data/resample.ts with SIMD (128 bits: four 32-bit sums at once).
;;
;; Taps, for each output pixel of a pass: a record of 32-bit numbers [first, count, weight 0 … weight most − 1]; `record` is
;; its size in bytes. Weights are fixed-point numbers of 22 bits, so every sum starts at one half and ends shifted by 22.
;; Reads and writes go up to 15 bytes past the end of an array: the caller leaves room.
(module
  (memory (export "memory") 1)

  ;; [rows, width, 3] at $source → [rows, columns, 3] at $target; `first` counts bytes.
  (func (export "horizontally")
    (param $source i32) (param $stride i32) (param $rows i32)
    (param $taps i32) (param $record i32) (param $columns i32) (param $target i32)
    (local $column i32) (local $tap i32) (local $pixel i32) (local $weight i32) (local $end i32) (local $sum v128)
    (loop $row
      (local.set $column (local.get $columns))
      (local.set $tap (local.get $taps))
      (loop $next
        (local.set $pixel (i32.add (local.get $source) (i32.load (local.get $tap))))
        (local.set $weight (i32.add (local.get $tap) (i32.const 8)))
        (local.set $end
          (i32.add (local.get $weight) (i32.shl (i32.load offset=4 (local.get $tap)) (i32.const 2))))
        (local.set $sum (v128.const i32x4 2097152 2097152 2097152 2097152))
        (loop $add
          (local.set $sum (i32x4.add (local.get $sum)
            (i32x4.mul
              (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $pixel))))
              (v128.load32_splat (local.get $weight)))))
          (local.set $pixel (i32.add (local.get $pixel) (i32.const 3)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $add (i32.lt_u (local.get $weight) (local.get $end))))
        (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
        (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
        (v128.store32_lane 0 (local.get $target) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
        (local.set $target (i32.add (local.get $target) (i32.const 3)))
        (local.set $tap (i32.add (local.get $tap) (local.get $record)))
        (local.set $column (i32.sub (local.get $column) (i32.const 1)))
        (br_if $next (local.get $column)))
      (local.set $source (i32.add (local.get $source) (local.get $stride)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows))))

  ;; [rows before, length] at $source → [rows, length] at $target; `first` counts bytes.
  (func (export "vertically")
    (param $source i32) (param $length i32)
    (param $taps i32) (param $record i32) (param $rows i32) (param $target i32)
    (local $at i32) (local $byte i32) (local $weight i32) (local $start i32) (local $end i32)
    (local $bytes v128) (local $words v128) (local $by v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $row
      (local.set $start (i32.add (local.get $taps) (i32.const 8)))
      (local.set $end
        (i32.add (local.get $start) (i32.shl (i32.load offset=4 (local.get $taps)) (i32.const 2))))
      (local.set $at (i32.const 0))
      (loop $next
        (local.set $byte
          (i32.add (i32.add (local.get $source) (i32.load (local.get $taps))) (local.get $at)))
        (local.set $weight (local.get $start))
        (local.set $a (v128.const i32x4 2097152 2097152 2097152 2097152))
        (local.set $b (local.get $a))
        (local.set $c (local.get $a))
        (local.set $d (local.get $a))
        (loop $add
          (local.set $bytes (v128.load (local.get $byte)))
          (local.set $by (v128.load32_splat (local.get $weight)))
          (local.set $words (i16x8.extend_low_i8x16_u (local.get $bytes)))
          (local.set $a (i32x4.add (local.get $a)
            (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $words)) (local.get $by))))
          (local.set $b (i32x4.add (local.get $b)
            (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $words)) (local.get $by))))
          (local.set $words (i16x8.extend_high_i8x16_u (local.get $bytes)))
          (local.set $c (i32x4.add (local.get $c)
            (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $words)) (local.get $by))))
          (local.set $d (i32x4.add (local.get $d)
            (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $words)) (local.get $by))))
          (local.set $byte (i32.add (local.get $byte) (local.get $length)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $add (i32.lt_u (local.get $weight) (local.get $end))))
        (v128.store (i32.add (local.get $target) (local.get $at))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $length))))
      (local.set $target (i32.add (local.get $target) (local.get $length)))
      (local.set $taps (i32.add (local.get $taps) (local.get $record)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows)))))
